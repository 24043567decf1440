import { expect, test } from 'vitest';
import { Application } from './application.ts';
import { PATIENCE_MS } from './expected.ts';

test(
  'one package of a monorepo exports the type of a router with 30 events of 12 fields, and another package uses it',
  async () => {
    await using app = await Application.make('monorepo', { common: [] });
    expect(await app.run('build', 'npm', ['run', '--silent', 'build'])).toBe('');
  },
  PATIENCE_MS,
);

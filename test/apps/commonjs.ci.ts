import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Application } from './application.ts';
import { BUNDLED, PATIENCE_MS } from './expected.ts';

test(
  'a program bundled into one CommonJS file serves and receives events',
  async () => {
    await using app = await Application.make('commonjs', { common: [] });
    await app.run('build', 'npm', ['run', '--silent', 'build']);
    await rm(join(app.dir, 'node_modules'), { recursive: true });
    expect(await app.run('run', 'npm', ['--silent', 'start'])).toBe(BUNDLED);
  },
  PATIENCE_MS,
);

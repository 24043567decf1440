import { expect, test } from 'vitest';
import { Application } from './application.ts';
import { FOLLOWED, PATIENCE_MS, RECEIVED, SERVICE, WHOLE } from './expected.ts';

test(
  'a Node service without a framework receives typed events, over WebSocket and server-sent events',
  async () => {
    await using app = await Application.make('node', { common: SERVICE });
    await app.run('build', 'npm', ['run', '--silent', 'build']);
    expect(await app.run('run', 'npm', ['--silent', 'start'])).toBe(`${RECEIVED}\n${FOLLOWED}\n${WHOLE}\n`);
    expect(await app.copiesOf('@trpc/server')).toHaveLength(1);
  },
  PATIENCE_MS,
);

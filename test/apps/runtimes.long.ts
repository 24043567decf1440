import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Application } from './application.ts';
import { FOLLOWED, PATIENCE_MS, RECEIVED, SERVICE, WHOLE } from './expected.ts';

/** The native server with tRPC's fetch adapter; then what runs on Node, too, `startServer` last. */
const ALL = [FOLLOWED, RECEIVED, FOLLOWED, WHOLE];

test(
  'Bun serves, receives and follows',
  async () => {
    await using app = await Application.make('bun', { common: SERVICE });
    const output = await app.run('run', 'npm', ['--silent', 'start']);
    expect(output.trim().split('\n')).toEqual(ALL);
  },
  PATIENCE_MS,
);

test('Deno is started with the rights that docs/applications.md names', () => {
  const read = (path: string) => readFileSync(join(import.meta.dirname, path), 'utf8');
  const { scripts } = JSON.parse(read('applications/deno/package.json'));
  expect(read('../../docs/applications.md')).toContain(
    `\n${scripts.start.replace('main.ts', 'server.ts')}\n`,
  );
});

test(
  'Deno serves, receives and follows',
  async () => {
    await using app = await Application.make('deno', { common: SERVICE });
    const output = await app.run('run', 'npm', ['--silent', 'start']);
    // Deno's server tells of its own change to request.signal.
    expect(
      output
        .trim()
        .split('\n')
        .filter((line) => !line.startsWith('Deno.serve: ')),
    ).toEqual(ALL);
  },
  PATIENCE_MS,
);

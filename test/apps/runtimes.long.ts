import { expect, test } from 'vitest';
import { Application } from './application.ts';
import { FOLLOWED, PATIENCE_MS, RECEIVED, SERVICE, WHOLE } from './expected.ts';

/** The native server with tRPC's fetch adapter; then what runs on Node, too. */
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

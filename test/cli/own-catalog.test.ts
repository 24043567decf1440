import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, inject, test, vi } from 'vitest';
import { catalogModule } from './catalog-module.ts';
import { linesOf } from './command.ts';
import { runHere } from './here.ts';

const directory = mkdtempSync(join(tmpdir(), 'psyche-'));
afterAll(() => rmSync(directory, { recursive: true }));
afterEach(() => vi.unstubAllEnvs());

const own = catalogModule(
  directory,
  'own.mjs',
  `{ dream: versions(z.object({ symbol: z.string() }), [z.object({ sign: z.string() }), ({ symbol }) => ({ sign: symbol })]) }`,
);
const older = catalogModule(directory, 'older.mjs', '{ dream: z.object({ symbol: z.string() }) }');

/** Commands on a Redis of their own. */
function onRedis(): string[] {
  vi.stubEnv('REDIS_PREFIX', `own-${randomUUID()}`);
  return ['--redis', inject('redisUrl')];
}

test('--catalog: events of an application are published, read and erased in Redis', async () => {
  const at = [...onRedis(), '--catalog', own];
  for (const sign of ['a bridge', 'a door'])
    expect(await runHere(['publish', 'dream', JSON.stringify({ sign }), ...at])).toMatchObject({ code: 0 });
  const read = await runHere(['history', ...at]);
  expect(read).toMatchObject({ code: 0, stderr: '' });
  expect(linesOf(read.stdout).map(({ data }) => data)).toEqual([{ sign: 'a bridge' }, { sign: 'a door' }]);
  const erased = await runHere(['erase', '--filter', '{"sign":"a door"}', '--yes', ...at]);
  expect(erased).toEqual({ code: 0, stdout: '{"erased":1}\n', stderr: '' });
  const server = await runHere(['history', '--catalog', own]);
  expect(server).toMatchObject({ code: 1, stderr: expect.stringContaining('--catalog goes with --redis') });
});

test('a log with events that the catalog lacks is told of, with the option', async () => {
  const redis = onRedis();
  await runHere(['publish', 'dream', '{"sign":"a bridge"}', ...redis, '--catalog', own]);
  const without = await runHere(['history', ...redis]);
  expect(without.stderr).toMatch(/hold events that this catalog does not have: dream\. .*--catalog$/m);
  const late = await runHere(['history', ...redis, '--catalog', older]);
  expect(late.stderr).toMatch(/does not have: .*dream, version 2.*--catalog$/m);
});

test('[V7] erase says what it could not look at', async () => {
  const redis = onRedis();
  await runHere(['publish', 'dream', '{"sign":"a bridge"}', ...redis, '--catalog', own]);
  const erase = (filter: string) => runHere(['erase', '--filter', filter, '--yes', ...redis]);
  const count = (filter: string) => runHere(['erase', '--filter', filter, ...redis]);
  expect((await count('{}')).stderr).toMatch(/matching events: 1; nothing/);
  expect((await count('{"by":"ego"}')).stderr).toMatch(
    /matching events: 0, beside 1 that the catalog cannot read; nothing/,
  );
  const some = await erase('{"by":"ego"}');
  expect(some).toMatchObject({ code: 0, stdout: '{"erased":0,"unreadable":1}\n' });
  expect(some.stderr).toMatch(/could not be looked at, since the catalog cannot read them: 1\./);
  expect(await erase('{}')).toMatchObject({ code: 0, stdout: '{"erased":1}\n' });
});

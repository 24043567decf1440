import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, inject, test, vi } from 'vitest';
import * as z from 'zod';
import { openRedisBroker } from '../../cli/sources/redis-source.ts';
import { defineEvents } from '../../shared/index.ts';
import { startTestServer } from '../app/harness.ts';
import { agentMessage } from '../support/events.ts';
import { catalogModule } from './catalog-module.ts';
import { linesOf } from './command.ts';
import { CommandHere, runHere } from './here.ts';

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

test('events that the catalog cannot read are told of, with the option where it was not given', async () => {
  const redis = onRedis();
  await runHere(['publish', 'dream', '{"sign":"a bridge"}', ...redis, '--catalog', own]);
  const without = await runHere(['history', ...redis]);
  expect(without).toMatchObject({ code: 0, stdout: expect.stringContaining('stream_gap') });
  expect(without.stderr).toMatch(
    /events cannot be read: dream, version 2: the catalog has no such event\. .*--catalog$/m,
  );
  expect(without.stderr.trim().split('\n')).toHaveLength(1);
  const late = await runHere(['history', ...redis, '--catalog', older]);
  expect(late.stderr).toMatch(
    /not all\. .*newer version.*pass the module whose catalog has that version\.$/m,
  );
});

describe('a command that reads', () => {
  const kept = async () => {
    await using broker = Object.assign(await openRedisBroker(inject('redisUrl')), {
      [Symbol.asyncDispose]: () => broker.close(),
    });
    return (await broker.keepSchemas()).map(({ type }) => type);
  };

  test('adds no schemas to Redis; control: one that publishes adds those of what it publishes', async () => {
    const redis = onRedis();
    for (const command of [['history'], ['export'], ['replay']])
      expect(await runHere([...command, ...redis, '--catalog', own])).toMatchObject({ code: 0, stderr: '' });
    expect(await kept()).toEqual([]);
    expect(await runHere(['history', ...redis])).toMatchObject({ code: 0, stderr: '' });
    expect(await kept()).toEqual([]);
    await runHere(['publish', 'agent_message', JSON.stringify(agentMessage('hi')), ...redis]);
    expect(await kept()).toEqual(['agent_message']);
  });

  test('says nothing of events that are in another topic, or in none', async () => {
    const redis = onRedis();
    await runHere(['publish', 'agent_message', JSON.stringify(agentMessage('hi')), ...redis]);
    await runHere(['publish', 'dream', '{"sign":"a bridge"}', '--topic', 'mine', ...redis, '--catalog', own]);
    const mine = await runHere(['history', '--topic', 'mine', ...redis, '--catalog', own]);
    expect(mine).toMatchObject({ code: 0, stderr: '' });
    expect(linesOf(mine.stdout)).toHaveLength(1);
    const both = await runHere(['history', ...redis, '--catalog', own]);
    expect(both.stderr).toMatch(/agent_message, version 1: .*pass the module with which they were written$/m);
    expect(both.stderr).not.toContain('--catalog');
  });
});

describe('a catalog whose event has changed under the same version', () => {
  const words = catalogModule(directory, 'words.mjs', '{ dream: z.object({ sign: z.string() }) }');
  const numbers = catalogModule(directory, 'numbers.mjs', '{ dream: z.object({ sign: z.number() }) }');

  test('is told of by what reads, with the cause, and export fails', async () => {
    const redis = onRedis();
    for (const sign of ['a', 'b'])
      await runHere(['publish', 'dream', JSON.stringify({ sign }), ...redis, '--catalog', words]);
    const at = [...redis, '--catalog', numbers];
    const cause =
      /dream, version 1: the schema of dream has changed, and its version has not: .*sign.*versions\(…\)$/m;
    for (const command of [['history'], ['history', '--last', '1'], ['replay', '--speed', '1000']]) {
      const read = await runHere([...command, ...at]);
      expect(read).toMatchObject({ code: 0, stderr: expect.stringMatching(cause) });
      expect(read.stderr.trim().split('\n')).toHaveLength(1);
    }
    await using following = new CommandHere(['tail', '--last', '2', ...at]);
    await expect.poll(() => following.stderr).toMatch(cause);
    const exported = await runHere(['export', ...at]);
    expect(exported).toMatchObject({ code: 1, stderr: expect.stringMatching(cause) });
    expect(exported.stderr).toMatch(/Not all was exported: events that cannot be read: 2\.$/m);
    const without = await runHere(['export', ...redis]);
    expect(without).toMatchObject({ code: 1, stderr: expect.stringMatching(/no such event.*--catalog$/m) });
    // Through a server with that catalog, whose log tells more.
    const catalog = defineEvents({ dream: z.object({ sign: z.number() }) });
    await using server = await startTestServer(
      { redisUrl: inject('redisUrl'), redisPrefix: process.env['REDIS_PREFIX'] },
      { catalog },
    );
    const served = await runHere(['export', '--url', server.url]);
    expect(served).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('the server’s catalog lacks some'),
    });
    expect(await runHere(['history', '--url', server.url])).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('cannot be read'),
    });
    // Control: with its own catalog it is whole.
    const whole = await runHere(['export', ...redis, '--catalog', words]);
    expect(whole).toMatchObject({ code: 0, stderr: '' });
    expect(linesOf(whole.stdout)).toHaveLength(2);
  });
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

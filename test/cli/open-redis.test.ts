import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, inject, test, vi } from 'vitest';
import { EventManager, RedisBroker } from '../../server/index.ts';
import { approvals, approvalsModule } from './approvals.ts';
import { linesOf, run } from './command.ts';
import { CommandHere, runHere } from './here.ts';

const directory = mkdtempSync(join(tmpdir(), 'psyche-open-'));
afterAll(() => rmSync(directory, { recursive: true }));
afterEach(() => vi.unstubAllEnvs());

const own = approvalsModule(directory);

/** A server's EventManager on a Redis of its own, and the options by which commands work on the same. */
async function onRedis() {
  const prefix = `open-${randomUUID()}`;
  vi.stubEnv('REDIS_PREFIX', prefix);
  const url = inject('redisUrl');
  const broker = new RedisBroker({ url }, { prefix });
  await broker.connect();
  const manager = new EventManager({ broker, catalog: approvals });
  const env = { REDIS_PREFIX: prefix };
  return { manager, env, redis: ['--redis', url], [Symbol.asyncDispose]: () => manager.close() };
}

test('[O1] straight to Redis, a question is printed and answered, as a process; the answer is checked by the catalog', async () => {
  await using log = await onRedis();
  const at = [...log.redis, '--catalog', own];
  const asked = log.manager.ask('approval', { tool: 'deploy' }, { by: 'ego' });
  await expect.poll(async () => (await log.manager.openEvents()).items).toHaveLength(1);
  const open = await run(['open', ...at], '', log.env);
  expect(open).toMatchObject({ code: 0, stderr: '' });
  const [line] = open.stdout
    .trim()
    .split('\n')
    .map((text) => JSON.parse(text));
  expect(line).toMatchObject({ event_type: 'approval', data: { tool: 'deploy' }, by: 'ego' });

  const answer = (json: string) => ['answer', 'approval', line.open.id, json, ...at];
  const wrong = await runHere(answer('{"allow":"perhaps"}'));
  expect(wrong).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('allow: ') });
  const first = await run(answer('{"allow":true}'), '', log.env);
  expect(first).toMatchObject({ code: 0, stderr: '' });
  expect(await asked).toMatchObject({ state: 'answered', answer: { allow: true } });
  const { items } = await log.manager.history();
  expect(JSON.parse(first.stdout)).toEqual({ cursor: items[0]?.cursor });
  expect(await runHere(answer('{"allow":false}'))).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('settled before, as answered'),
  });
  expect(await runHere(['open', ...at])).toEqual({ code: 0, stdout: '', stderr: '' });
});

test('without the catalog, --catalog is named', async () => {
  await using log = await onRedis();
  const { id } = await log.manager.opens.begin('approval', { tool: 'deploy' });
  const told = /module that exports yours with --catalog$/m;
  const open = await runHere(['open', ...log.redis]);
  expect(open).toMatchObject({ code: 0, stdout: '', stderr: expect.stringMatching(told) });
  expect(open.stderr).toContain('cannot be read: approval:');
  expect(await runHere(['open', ...log.redis, '--catalog', own])).toMatchObject({ stderr: '' });
  const answer = await runHere(['answer', 'approval', id, '{"allow":true}', ...log.redis]);
  expect(answer).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(told) });
  expect(answer.stderr).toContain('No question is named "approval"');
});

test('tail straight from Redis prints changes as they are told; a terminal leaves them out', async () => {
  await using log = await onRedis();
  const at = [...log.redis, '--catalog', own];
  await using piped = new CommandHere(['tail', ...at]);
  await using read = new CommandHere(['tail', ...at], '', { isRead: true });
  // Both follow when both print a first event.
  const first = await log.manager.begin('reply', { text: 'first' });
  await expect.poll(() => piped.stdout !== '' && read.stdout.includes('first')).toBe(true);
  await first.append('!');
  await first.done();
  await expect
    .poll(() => linesOf(piped.stdout).map(({ event_type }) => event_type))
    .toEqual(['reply', 'stream_update', 'reply']);
  await expect
    .poll(() => read.stdout.split('\n').filter((line) => line.includes('reply')))
    .toEqual([expect.stringMatching(/open.*first/), expect.stringMatching(/done.*first!/)]);
  expect(read.stdout).not.toContain('stream_update');
});

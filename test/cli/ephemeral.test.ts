import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, inject, test, vi } from 'vitest';
import { EventManager, RedisBroker } from '../../server/index.ts';
import { startTestServer } from '../app/harness.ts';
import { approvals, approvalsModule } from './approvals.ts';
import { linesOf } from './command.ts';
import { runHere } from './here.ts';

const directory = mkdtempSync(join(tmpdir(), 'psyche-ephemeral-'));
afterAll(() => rmSync(directory, { recursive: true }));
afterEach(() => vi.unstubAllEnvs());

const own = approvalsModule(directory);

/** A server, and options of commands to it. */
async function throughServer() {
  const { manager, url, ...server } = await startTestServer({}, { catalog: approvals });
  return { ...server, manager, at: ['--url', url] };
}

/** An EventManager on a Redis of its own, and options of commands to the same. */
async function onRedis() {
  const prefix = `ephemeral-${randomUUID()}`;
  vi.stubEnv('REDIS_PREFIX', prefix);
  const url = inject('redisUrl');
  const broker = new RedisBroker({ url }, { prefix });
  await broker.connect();
  const manager = new EventManager({ broker, catalog: approvals });
  const at = ['--redis', url, '--catalog', own];
  return { manager, at, [Symbol.asyncDispose]: () => manager.close() };
}

/** Events of the topic as a subscriber is told them, as type and data; it follows once the promise is kept. */
async function follow(manager: EventManager<typeof approvals>) {
  const told: unknown[] = [];
  let isSynced = false;
  const follow = async () => {
    for await (const [, event] of manager.subscribe({ topic: 't' })) {
      if (event.event_type === 'stream_synced') isSynced = true;
      else told.push([event.event_type, event.data]);
    }
  };
  void follow().catch(() => {}); // it ends with its manager
  await expect.poll(() => isSynced).toBe(true);
  return told;
}

const typing = (who: string) => ['typing', { who }];
const lines = (...events: object[]) => events.map((event) => `${JSON.stringify(event)}\n`).join('');

test.each([
  ['through a server', throughServer],
  ['straight to Redis', onRedis],
])('an ephemeral event is announced and not stored, %s: as an argument, and by lines', async (_, start) => {
  await using log = await start();
  const told = await follow(log.manager);
  const publish = (args: string[], input = '') =>
    runHere(['publish', ...args, '--topic', 't', ...log.at], input);

  const one = await publish(['typing', '{"who":"a"}']);
  expect(one).toMatchObject({ code: 0, stderr: '' });
  expect(JSON.parse(one.stdout)).toEqual({ cursor: expect.any(String), duplicate: false, stored: false });
  const two = await publish(['typing'], lines({ who: 'b' }, { who: 'c' }));
  expect(two).toMatchObject({ code: 0, stderr: '' });
  expect(linesOf(two.stdout)).toMatchObject([{ stored: false }, { stored: false }]);

  // Among events that are stored it keeps its place.
  const note = (text: string) => ({ event_type: 'note', data: { text } });
  const mixed = lines(note('1'), note('2'), { event_type: 'typing', data: { who: 'd' } }, note('3'));
  const published = await publish([], mixed);
  expect(published).toMatchObject({ code: 0, stderr: '' });
  const results = linesOf(published.stdout);
  expect(results.map((result) => Reflect.get(result, 'stored') ?? true)).toEqual([true, true, false, true]);

  const notes = ['1', '2', '3'].map((text) => ['note', { text }]);
  await expect
    .poll(() => told)
    .toEqual([typing('a'), typing('b'), typing('c'), notes[0], notes[1], typing('d'), notes[2]]);
  const { items } = await log.manager.history({ topic: 't' });
  expect(items.map(({ event }) => [event.event_type, event.data])).toEqual(notes);

  // A wrong one is named by its line, and so is the first line of which nothing came.
  const wrong = lines(note('4'), { event_type: 'typing', data: { who: 5 } }, note('6'));
  const refused = await publish([], wrong);
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('data.who: ') });
  // In this process the module of --catalog has another copy of the errors.
  if (start === throughServer)
    expect(refused.stderr).toMatch(
      /^psyche-events: Line 2: data.who: .*\. Nothing was stored from line 2 on\.\n$/,
    );
  expect(linesOf(refused.stdout)).toHaveLength(1);
  await expect.poll(() => told.slice(7)).toEqual([['note', { text: '4' }]]);
});

test('a lone event is announced without a schema too; a batch with one is refused with its line', async () => {
  await using server = await throughServer();
  const told = await follow(server.manager);
  const fetched = globalThis.fetch;
  vi.stubGlobal('fetch', (url: URL, options: RequestInit) =>
    String(url).endsWith('/schema.json')
      ? Promise.resolve(new Response('', { status: 404 }))
      : fetched(url, options),
  );
  try {
    const at = ['--topic', 't', ...server.at];
    expect(await runHere(['publish', 'typing', '{"who":"a"}', ...at])).toMatchObject({ code: 0, stderr: '' });
    const refused = await runHere(['publish', 'typing', ...at], lines({ who: 'b' }, { who: 'c' }));
    expect(refused).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(
        /^psyche-events: Line 1: typing is never stored: publish it by itself.* Nothing was stored from line 1 on\.\n$/,
      ),
    });
    const question = await runHere(['publish', 'approval', '{"tool":"x"}', ...at]);
    expect(question).toMatchObject({ code: 1, stderr: expect.stringContaining('approval is a question') });
  } finally {
    vi.unstubAllGlobals();
  }
  await expect.poll(() => told).toEqual([typing('a')]);
});

import { randomUUID } from 'node:crypto';
import { describe, expect, onTestFinished, test } from 'vitest';
import * as z from 'zod';
import { EventManager, MemoryBroker } from '../../server/index.ts';
import type { IngressTarget } from '../../server/ingress/ingress.ts';
import { IngressStream } from '../../server/ingress/ingress-stream.ts';
import { defineEvents, EventsError } from '../../shared/index.ts';
import { startRedis } from '../setup/redis-server.ts';
import { agentMessage } from '../support/events.ts';
import { message, setUp, WAIT, type WorkerOptions } from './ingress-worker.ts';

/** A stream whose process dies between the append and the acknowledgement. */
class DyingStream extends IngressStream {
  override done(): Promise<void> {
    throw new Error('killed');
  }
}

const WRONG: readonly { fields: Record<string, string>; code: string; reason: string }[] = [
  { fields: { data: '{}' }, code: 'INVALID_EVENT', reason: 'event_type is missing' },
  { fields: { event_type: 'agent_message' }, code: 'INVALID_EVENT', reason: 'data is missing' },
  { fields: { ...message(1), data: '{oops' }, code: 'INVALID_EVENT', reason: 'data is not valid JSON' },
  {
    fields: { event_type: 'nothing', data: '{}' },
    code: 'UNKNOWN_EVENT',
    reason: 'No event is named "nothing"',
  },
  {
    fields: { event_type: 'agent_message', data: '{"agent_id":7}' },
    code: 'INVALID_EVENT',
    reason: 'agent_id',
  },
  { fields: { ...message(1), timestamp: 'noon' }, code: 'INVALID_EVENT', reason: 'timestamp' },
  { fields: { ...message(1), topic: 'a b' }, code: 'INVALID_TOPIC', reason: 'Invalid topic' },
  { fields: { ...message(1), topic: '_sessions' }, code: 'FORBIDDEN', reason: 'private' },
  { fields: { ...message(1), color: 'red' }, code: 'INVALID_EVENT', reason: 'color is not a field' },
  {
    fields: JSON.parse(JSON.stringify(message(1)).replace('{', '{"__proto__":"x",')),
    code: 'INVALID_EVENT',
    reason: '__proto__ is not a field',
  },
  { fields: { ...message(1), by: 'bob' }, code: 'INVALID_EVENT', reason: 'by is not a field' },
  { fields: { ...message(1), meta: '{oops' }, code: 'INVALID_EVENT', reason: 'meta' },
  { fields: { ...message(1), meta: '5' }, code: 'INVALID_EVENT', reason: 'meta must be an object' },
  {
    fields: { ...message(1), meta: '{"values":{"agent_id":[["typed-array","Uint8Array"]]},"v":1}' },
    code: 'INVALID_EVENT',
    reason: 'agent_id: cannot be a typed-array',
  },
  {
    fields: { ...message(1), meta: '{"values":{"metadata.a.b.c":["Date"]},"v":1}' },
    code: 'INVALID_EVENT',
    reason: 'is annotated, but does not exist',
  },
  {
    fields: { event_type: 'agent_message', data: `{"a":${'['.repeat(500)}${']'.repeat(500)}}` },
    code: 'INVALID_EVENT',
    reason: 'nested more than',
  },
];

describe('the ingress stream', () => {
  test('moves entries into the log in order, and keeps none of them', async () => {
    const { add, work, messages, events, isEmpty } = setUp();
    const numbers = Array.from({ length: 250 }, (_, n) => String(n));
    await Promise.all(numbers.map((n) => add(message(n))));
    await add({ ...message('elsewhere'), topic: 'run-1', timestamp: '2026-01-01T12:00:00+01:00' });
    const worker = work();
    await expect.poll(messages, WAIT).toEqual(numbers);
    await expect.poll(() => messages('run-1'), WAIT).toEqual(['elsewhere']);
    await expect.poll(isEmpty, WAIT).toBe(true);
    expect(worker.counts).toEqual({ moved: 251, duplicate: 0, dead: 0 });
    const [event] = await events();
    expect(Math.abs(Date.now() - Date.parse(event?.timestamp ?? ''))).toBeLessThan(60_000);
    await add(message('later'));
    await expect.poll(messages, WAIT).toEqual([...numbers, 'later']);
  });

  test('moves entries that another process has left in order, though one is sought over more of the log', async () => {
    const { producer, key, add, work, manager, messages } = setUp();
    await add(message('first'));
    const between = { event_type: 'agent_message' as const, data: agentMessage('between') };
    await manager.publishBatch(Array.from({ length: 1000 }, () => between));
    await manager.publishBatch(Array.from({ length: 1000 }, () => between));
    await add(message('second'));
    const publish = (): never => {
      throw new EventsError('UNAVAILABLE', 'not now');
    };
    const leaving = work({ wrap: ({ catalog }) => ({ catalog, publish }) });
    const pending = async () => (await producer.xpending(key, 'psyche-events').catch(() => [0])) as number[];
    await expect.poll(async () => (await pending())[0], WAIT).toBe(2);
    await leaving.close();
    work();
    await expect.poll(async () => (await messages()).slice(-2), WAIT).toEqual(['first', 'second']);
  });

  test('[D3] uses the producer’s idempotency key as that of the event', async () => {
    const { add, work, messages, isEmpty } = setUp();
    await add({ ...message('first'), idempotency_key: 'k' });
    await add({ ...message('second'), idempotency_key: 'k' });
    const worker = work();
    await expect.poll(isEmpty, WAIT).toBe(true);
    expect(await messages()).toEqual(['first']);
    expect(worker.counts).toMatchObject({ moved: 1, duplicate: 1 });
  });

  test('[V6] names whom its configuration says, and by default nobody', async () => {
    const { add, work, events } = setUp();
    await add(message(1));
    const nameless = work();
    await expect.poll(async () => (await events()).map(({ by }) => by), WAIT).toEqual([undefined]);
    await nameless.close();
    work({ by: 'scripts' });
    await add(message(2));
    await expect.poll(async () => (await events()).map(({ by }) => by), WAIT).toEqual([undefined, 'scripts']);
  });

  test('puts an invalid entry on the dead-letter stream with the reason, and goes on', async () => {
    const { add, work, messages, dead, isEmpty } = setUp();
    const ids: unknown[] = [];
    for (const { fields } of WRONG) ids.push(await add(fields));
    await add(message('after'));
    const worker = work();
    await expect.poll(messages, WAIT).toEqual(['after']);
    await expect.poll(isEmpty, WAIT).toBe(true);
    const byEntry = (a: Record<string, string>, b: Record<string, string>) =>
      String(a['entry']).localeCompare(String(b['entry']), undefined, { numeric: true });
    expect((await dead()).sort(byEntry)).toEqual(
      WRONG.map(({ fields, code, reason }, index) => ({
        ...fields,
        entry: ids[index],
        code,
        reason: expect.stringContaining(reason),
      })),
    );
    expect(worker.counts).toEqual({ moved: 1, duplicate: 0, dead: WRONG.length });
  });

  test('keeps the beginning of an entry with any number of fields, of any size, and goes on', async () => {
    const { producer, key, work, add, messages, dead, isEmpty } = setUp();
    const many = Array.from({ length: 100_000 }, (_, n) => [`unknown field ${n}`, 'x']).flat();
    await producer.call('XADD', [key, '*', 'event_type', 'agent_message', ...many]);
    const long = Array.from({ length: 16 }, (_, n) => [`${n} ${'n'.repeat(1000)}`, 'v'.repeat(64 * 1024)]);
    await add({ ...message(1), ...Object.fromEntries(long) });
    await add(message('after'));
    const worker = work();
    await expect.poll(messages, WAIT).toEqual(['after']);
    await expect.poll(isEmpty, WAIT).toBe(true);
    expect(worker.counts).toEqual({ moved: 1, duplicate: 0, dead: 2 });
    const letters = await dead();
    const [first, second] = letters.toSorted((a, b) => Object.keys(b).length - Object.keys(a).length);
    expect(first).toMatchObject({ code: 'INVALID_EVENT', left_out: String(100_001 - 20) });
    expect(second).toMatchObject({ code: 'INVALID_EVENT', ...message(1) });
    expect(second).not.toHaveProperty('left_out');
    for (const letter of letters) expect(JSON.stringify(letter).length).toBeLessThan(70_000);
  });

  test('puts an entry whose schema throws on the dead-letter stream, and goes on', async () => {
    const { add, work, dead, isEmpty } = setUp();
    const links = new EventManager({
      broker: new MemoryBroker(),
      catalog: defineEvents({ link: z.object({ to: z.string().transform((to) => new URL(to).href) }) }),
    });
    onTestFinished(() => links.close());
    const link = (to: string) => ({ event_type: 'link', data: JSON.stringify({ to }) });
    await add(link('nowhere'));
    await add(link('https://example.com/'));
    const worker = work({ wrap: () => links as IngressTarget });
    await expect.poll(() => worker.counts, WAIT).toEqual({ moved: 1, duplicate: 0, dead: 1 });
    await expect.poll(isEmpty, WAIT).toBe(true);
    expect(await dead()).toMatchObject([
      { code: 'INVALID_EVENT', reason: expect.stringContaining('Invalid URL') },
    ]);
    expect((await links.history()).items.map(({ event }) => event.data)).toEqual([
      { to: 'https://example.com/' },
    ]);
  });

  test('has another consumer take over entries that a consumer took and left', async () => {
    const { add, work, messages, producer, key, isEmpty } = setUp();
    await add(message(1));
    await producer.xgroup('CREATE', key, 'psyche-events', '0');
    await producer.xreadgroup('GROUP', 'psyche-events', 'dead', 'COUNT', 10, 'STREAMS', key, '>');
    await add(message(2));
    work();
    await expect.poll(async () => (await messages()).sort(), WAIT).toEqual(['1', '2']);
    await expect.poll(isEmpty, WAIT).toBe(true);
  });

  /** A worker dies after its append; another one comes. @returns what the log holds, and what the second one counted */
  async function crash(
    wrap?: WorkerOptions['wrap'],
    beforeNext?: (setup: ReturnType<typeof setUp>) => unknown,
  ) {
    const setup = setUp();
    const { add, work, messages, isEmpty } = setup;
    for (let n = 0; n < 20; n++) await add(message(n));
    const first = work({ stream: DyingStream, ...(wrap && { wrap }) });
    await expect.poll(async () => (await messages()).length, WAIT).toBe(20);
    void first.close();
    await beforeNext?.(setup);
    const second = work(wrap && { wrap });
    await expect.poll(isEmpty).toBe(true);
    return { stored: (await messages()).length, counts: second.counts };
  }

  test('[D3] stores no duplicate when a consumer dies between append and acknowledgement', async () => {
    expect(await crash()).toEqual({ stored: 20, counts: { moved: 0, duplicate: 20, dead: 0 } });
  });

  test('[D3] stores no duplicate even if idempotency keys are forgotten by then', async () => {
    const forget = async ({ producer, prefix }: ReturnType<typeof setUp>) => {
      expect(await producer.del(`${prefix}:{default}:ids`)).toBe(1);
    };
    expect(await crash(undefined, forget)).toMatchObject({ stored: 20, counts: { duplicate: 20 } });
  });

  test('control: stores each of those entries twice without a key from the entry’s id', async () => {
    const { stored } = await crash((manager) => ({
      catalog: manager.catalog,
      publish: (event_type, data, options) =>
        manager.publish(event_type, data, { ...options, idempotencyKey: randomUUID() }),
    }));
    expect(stored).toBe(40);
  });

  test('moves everything once through a crash and restart of Redis', async () => {
    await using redis = await startRedis({ args: ['--appendonly', 'yes', '--appendfsync', 'always'] });
    const { add, work, messages, isEmpty } = setUp(redis.url);
    const numbers = Array.from({ length: 400 }, (_, n) => String(n));
    for (const n of numbers) await add(message(n));
    work();
    await expect.poll(async () => (await messages()).length, WAIT).toBeGreaterThan(0);
    await redis.kill();
    await redis.restart();
    await expect.poll(() => isEmpty().catch(() => false)).toBe(true);
    expect((await messages()).sort()).toEqual([...numbers].sort());
  });

  test('is created again when it is removed', async () => {
    const { add, work, messages, producer, key } = setUp();
    work();
    await add(message(1));
    await expect.poll(messages, WAIT).toEqual(['1']);
    await producer.del(key);
    await add(message(2));
    await expect.poll(messages).toEqual(['1', '2']);
  });
});

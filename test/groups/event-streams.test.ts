import { initTRPC, TRPCError } from '@trpc/server';
import superjson from 'superjson';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import * as z from 'zod';
import { EventManager, eventProcedures, MemoryBroker } from '../../server/index.ts';
import { defineEvents } from '../../shared/index.ts';
import { until } from '../broadcaster/harness.ts';
import { agentMessage } from '../support/events.ts';
import { STREAMS, StreamClient, startStreams } from './event-stream-harness.ts';
import { BATCH_BYTES, range } from './harness.ts';

const HIGH_WATER = 64 * 1024;
const PADDING = 'x'.repeat(16 * 1024);
/** Far more than the high-water mark and what two kernels hold for a loopback connection. */
const FLOOD = 1000;
const numbers = (client: StreamClient) => client.messages.map((message) => Number(message.split(' ', 1)[0]));

let manager: EventManager;
beforeEach(() => {
  manager = new EventManager({ broker: new MemoryBroker() });
});
afterEach(() => manager.close());

/** A router of the manager's events, as an application of one's own has them. */
function routerOf(of: EventManager = manager) {
  const t = initTRPC.context<{ user?: string }>().create({ transformer: superjson, isDev: false });
  return t.router(eventProcedures(of, t.procedure));
}

const publish = async (count: number, from = 1) => {
  for (let n = from; n < from + count; n++) {
    await manager.publish('agent_message', agentMessage(`${n} ${PADDING}`));
    await new Promise((resolve) => setImmediate(resolve));
  }
};

describe.each(STREAMS)('a stream of server-sent events (%s)', (_, serve) => {
  test('begins with tRPC’s headers and its first event, and goes on with items and their cursors', async () => {
    await using server = await startStreams(serve, routerOf());
    const client = await StreamClient.open(server, 'on.any');
    expect(client.response.statusCode).toBe(200);
    expect(client.response.headers).toMatchObject({
      'content-type': 'text/event-stream',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
      connection: 'keep-alive',
      'transfer-encoding': 'chunked',
    });
    await until(() => expect(client.items).toHaveLength(1));
    const { cursor } = await manager.publish('agent_message', agentMessage('hello'));
    await until(() => expect(client.items).toHaveLength(2));
    expect(client.text).toMatch(/^event: connected\ndata: \{\}\n\n\ndata: \{"json":/);
    expect(client.items[1]).toMatchObject({ id: cursor, event_type: 'agent_message' });
    client.close();
    await until(() => expect(manager.stats().subscribers).toBe(0));
  });

  test('[D6] resumes after Last-Event-ID, as a header and as a parameter', async () => {
    await using server = await startStreams(serve, routerOf());
    await publish(5);
    const { items } = await manager.history({ limit: 5 });
    const id = items[2]?.cursor ?? '';
    const byHeader = await StreamClient.open(server, 'on.any', undefined, { 'last-event-id': id });
    const byQuery = await StreamClient.open(server, `on.any?lastEventId=${encodeURIComponent(id)}`);
    for (const client of [byHeader, byQuery]) {
      await until(() => expect(numbers(client)).toEqual([4, 5]));
      client.close();
    }
  });

  test('sends an error in mid-stream, and ends', async () => {
    await using server = await startStreams(serve, routerOf());
    const client = await StreamClient.open(server, 'on.any');
    await until(() => expect(client.items).toHaveLength(1));
    await manager.close();
    await until(() => expect(client.ended).toBe(true));
    const last = client.events.at(-1);
    expect(last?.event).toBe('serialized-error');
    expect(JSON.parse(last?.data ?? '')).toMatchObject({ json: { data: { code: 'CLIENT_CLOSED_REQUEST' } } });
  });

  test('is refused as tRPC refuses it: by context or procedure with an event, otherwise with a status', async () => {
    const onError = vi.fn();
    const createContext = ({ req }: { req: { headers: Record<string, unknown> } }) => {
      if (req.headers['x-who'] === 'nobody') throw new TRPCError({ code: 'UNAUTHORIZED' });
      return {};
    };
    await using server = await startStreams(serve, routerOf(), { createContext, onError });
    const outside = await StreamClient.open(server, 'on.any', undefined, { 'x-who': 'nobody' });
    const wrong = await StreamClient.open(server, 'on.any', { json: { topic: 'not a topic' } });
    for (const { client, code } of [
      { client: outside, code: 'UNAUTHORIZED' },
      { client: wrong, code: 'BAD_REQUEST' },
    ]) {
      await until(() => expect(client.ended).toBe(true));
      expect(client.events.map(({ event }) => event)).toEqual(['connected', 'serialized-error']);
      expect(JSON.parse(client.events.at(-1)?.data ?? '')).toMatchObject({ json: { data: { code } } });
    }
    const missing = await StreamClient.open(server, 'on.nothing');
    expect(missing.response.statusCode).toBe(404);
    const query = await StreamClient.open(server, 'stats');
    expect(query.response.headers['content-type']).toBe('application/json');
    expect(onError).toHaveBeenCalledTimes(5); // tRPC tells of what ends a stream twice
  });

  test('carries values beyond JSON, and also streams that are no event subscriptions', async () => {
    const catalog = defineEvents({ dream: z.object({ at: z.date(), many: z.map(z.string(), z.bigint()) }) });
    const dreams = new EventManager({ catalog, broker: new MemoryBroker() });
    const t = initTRPC.create({ transformer: superjson });
    const count = t.procedure.subscription(async function* () {
      yield* [1, 2];
    });
    await using server = await startStreams(
      serve,
      t.router({ events: eventProcedures(dreams, t.procedure), count }),
    );
    const data = { at: new Date(0), many: new Map([['a', 2n ** 70n]]) };
    await dreams.publish('dream', data);
    const client = await StreamClient.open(server, 'events.on.any', { json: { since: { last: 1 } } });
    await until(() => expect(client.items).toHaveLength(2));
    const sent = client.events.find(({ data }) => data.includes('dream'))?.data ?? '';
    expect(superjson.parse(sent)).toMatchObject({ event_type: 'dream', data });
    client.close();
    const counted = await StreamClient.open(server, 'count');
    await until(() => expect(counted.ended).toBe(true));
    expect(counted.events.map(({ event, data }) => event ?? superjson.parse(data))).toEqual([
      'connected',
      1,
      2,
      'return',
    ]);
    await dreams.close();
  });

  test('is pinged while no event comes, and ends after its maximum duration', async () => {
    const t = initTRPC.create({
      transformer: superjson,
      sse: {
        maxDurationMs: 3_000,
        ping: { enabled: true, intervalMs: 50 },
        client: { reconnectAfterInactivityMs: 500 },
      },
    });
    await using server = await startStreams(serve, t.router(eventProcedures(manager, t.procedure)));
    const client = await StreamClient.open(server, 'on.any');
    await until(() =>
      expect(client.events.filter(({ event }) => event === 'ping').length).toBeGreaterThan(0),
    );
    expect(client.text).toContain('event: connected\ndata: {"reconnectAfterInactivityMs":500}\n\n\n');
    expect(client.text).toContain('event: ping\ndata: \n\n\n');
    await until(() => expect(client.ended).toBe(true));
    expect(client.text).not.toContain('event: return');
    await until(() => expect(manager.stats().subscribers).toBe(0));
  });

  test('runs the application’s middleware, and its signal aborts when the client leaves', async () => {
    const t = initTRPC.create({ transformer: superjson });
    const signals: (AbortSignal | undefined)[] = [];
    const procedure = t.procedure.use(({ signal, next }) => {
      signals.push(signal);
      return next();
    });
    await using server = await startStreams(serve, t.router(eventProcedures(manager, procedure)));
    const client = await StreamClient.open(server, 'on.any');
    await until(() => expect(client.items).toHaveLength(1));
    expect(signals.map((signal) => signal?.aborted)).toEqual([false]);
    client.close();
    await until(() => expect(signals[0]?.aborted).toBe(true));
  });
});

describe('[D9] a stream in groups whose client does not read', () => {
  const [, [, serve]] = STREAMS as [unknown, (typeof STREAMS)[number]];

  /** The most that was ever unsent to the first connection while the flood was published. */
  async function flood(server: { sockets: { writableLength: number }[] }): Promise<number> {
    let peak = 0;
    for (let n = 1; n <= FLOOD; n++) {
      await publish(1, n);
      peak = Math.max(peak, server.sockets[0]?.writableLength ?? 0);
    }
    return peak;
  }

  test('with whenSlow: refill holds little memory, affects nobody, and gets everything when it is read again', async () => {
    await using server = await startStreams(serve, routerOf(), { highWaterBytes: HIGH_WATER });
    const slow = await StreamClient.open(server, 'on.any');
    const good = await StreamClient.open(server, 'on.any');
    for (const client of [slow, good]) await until(() => expect(client.items).toHaveLength(1));
    slow.response.pause();
    const peak = await flood(server);
    expect(peak).toBeGreaterThan(HIGH_WATER);
    expect(peak).toBeLessThan(HIGH_WATER + BATCH_BYTES);
    await until(() => expect(numbers(good)).toEqual(range(1, FLOOD)));
    slow.response.resume();
    await until(() => expect(numbers(slow)).toEqual(range(1, FLOOD)));
  });

  test('control: holds everything in the process without the high-water mark', async () => {
    await using server = await startStreams(serve, routerOf(), { highWaterBytes: Number.POSITIVE_INFINITY });
    const slow = await StreamClient.open(server, 'on.any');
    await until(() => expect(slow.items).toHaveLength(1));
    slow.response.pause();
    expect(await flood(server)).toBeGreaterThan((FLOOD * PADDING.length) / 2);
  });

  test('with whenSlow: disconnect gets SLOW_CONSUMER, is cut, and resumes from its last cursor', async () => {
    const onError = vi.fn();
    await using server = await startStreams(serve, routerOf(), { highWaterBytes: HIGH_WATER, onError });
    const slow = await StreamClient.open(server, 'on.any', { json: { whenSlow: 'disconnect' } });
    await until(() => expect(slow.items).toHaveLength(1));
    slow.response.pause();
    expect(await flood(server)).toBeLessThan(HIGH_WATER * 2);
    expect(manager.stats().subscribers).toBe(0);
    slow.response.resume();
    await until(() => expect(slow.ended).toBe(true));
    const { event, data } = slow.events.at(-1) ?? { data: '' };
    expect(event).toBe('serialized-error');
    expect(JSON.parse(data)).toMatchObject({ json: { data: { code: 'SERVICE_UNAVAILABLE' } } });
    expect(onError).toHaveBeenCalledTimes(1);
    const id = slow.items.at(-1)?.id ?? '';
    const again = await StreamClient.open(server, 'on.any', undefined, { 'last-event-id': id });
    await until(() => expect([...numbers(slow), ...numbers(again)]).toEqual(range(1, FLOOD)));
    again.close();
  });
});

describe.each([
  ['in groups', STREAMS[1], 1],
  ['control: iterated by tRPC', STREAMS[0], 20],
] as const)('an event for 20 streams (%s)', (_, streams, times) => {
  test(`is encoded ${times === 1 ? 'once' : `${times} times`}`, async () => {
    const serialize = vi.fn((value: unknown) => value);
    const t = initTRPC.create({
      transformer: { input: superjson, output: { serialize, deserialize: (value) => value } },
    });
    const serve = streams?.[1];
    if (!serve) throw new Error('no such streams');
    await using server = await startStreams(serve, t.router(eventProcedures(manager, t.procedure)));
    const clients = await Promise.all(range(1, 20).map(() => StreamClient.open(server, 'on.any')));
    for (const client of clients) await until(() => expect(client.items).toHaveLength(1));
    serialize.mockClear();
    await publish(10);
    for (const client of clients) await until(() => expect(numbers(client)).toEqual(range(1, 10)));
    expect(serialize).toHaveBeenCalledTimes(10 * times);
    for (const client of clients) client.close();
  });
});

test('line ends in a foreign record cannot end an event of the stream', async () => {
  const broker = new MemoryBroker();
  const foreign = new EventManager({ broker });
  const [, [, serve]] = STREAMS as [unknown, (typeof STREAMS)[number]];
  await using server = await startStreams(serve, routerOf(foreign));
  const client = await StreamClient.open(server, 'on.any');
  await until(() => expect(client.items).toHaveLength(1));
  const event = {
    event_type: 'agent_message',
    timestamp: '2026-01-01T00:00:00.000Z',
    data: agentMessage('odd'),
  };
  await broker.publish('default', [{ type: 'agent_message', id: '1', json: JSON.stringify(event, null, 2) }]);
  await until(() => expect(client.messages).toEqual(['odd']));
  client.close();
  await foreign.close();
});

import { afterEach, describe, expect, test, vi } from 'vitest';
import type { RawClient } from '../broadcaster/harness.ts';
import { until } from '../broadcaster/harness.ts';
import { agentMessage, systemStatus } from '../support/events.ts';
import { BATCH_BYTES, type EventServer, itemsOf, messagesOf, range, startEventServer } from './harness.ts';

const HIGH_WATER = 64 * 1024;
/** Far more than the high-water mark and what two kernels hold for a loopback connection. */
const FLOOD_BYTES = 24 * 1024 * 1024;
/** The most that is unsent at any time. */
const MOST_UNSENT = HIGH_WATER + BATCH_BYTES;
const PADDING = 'x'.repeat(16 * 1024);
const FLOOD = FLOOD_BYTES / PADDING.length;

const padded = (n: number) => agentMessage(`${n} ${PADDING}`);
const numberOf = (message: string) => Number.parseInt(message, 10);

/** Publishes the flood, turn by turn, and returns the most that was ever unsent to a connection. */
async function flood({ manager, sockets }: EventServer, connection = 0): Promise<number> {
  let peak = 0;
  for (let n = 1; n <= FLOOD; n++) {
    await manager.publish('agent_message', padded(n));
    await new Promise((resolve) => setImmediate(resolve));
    peak = Math.max(peak, sockets[connection]?.writableLength ?? 0);
  }
  return peak;
}

const received = (client: RawClient) => messagesOf(client).map(numberOf);
const publishedTo = (client: RawClient) => until(() => expect(received(client).at(-1)).toBe(FLOOD));

afterEach(() => {
  vi.useRealTimers();
});

describe('[D9] a client that does not read', () => {
  test('with whenSlow: refill holds little memory, affects nobody, and gets everything from the log when it reads again', async () => {
    await using events = await startEventServer({ maxBufferedBytes: HIGH_WATER });
    const slow = await events.subscribe();
    const good = await events.subscribe();
    slow.ws.pause();
    const peak = await flood(events);
    expect(peak).toBeGreaterThan(HIGH_WATER);
    expect(peak).toBeLessThan(MOST_UNSENT);
    await publishedTo(good);
    expect(received(good)).toEqual(range(1, FLOOD));
    slow.ws.resume();
    await publishedTo(slow);
    expect(received(slow)).toEqual(range(1, FLOOD));
    expect(itemsOf(slow).filter(({ event_type }) => event_type.startsWith('stream_'))).toHaveLength(1);
  });

  test('control: has everything held in the process without the high-water mark', async () => {
    await using events = await startEventServer({ maxBufferedBytes: Number.POSITIVE_INFINITY });
    const slow = await events.subscribe();
    slow.ws.pause();
    expect(await flood(events)).toBeGreaterThan(FLOOD_BYTES / 2);
  });

  test('that comes back to many missed events holds little memory too', async () => {
    await using events = await startEventServer({ maxBufferedBytes: HIGH_WATER });
    await flood(events);
    const slow = await events.server.connect();
    slow.ws.pause();
    slow.call(1, 'subscription', 'on.any', { json: { since: { last: FLOOD } } });
    const unsent = () => events.sockets[0]?.writableLength ?? 0;
    await until(() => expect(unsent()).toBeGreaterThan(HIGH_WATER));
    expect(unsent()).toBeLessThan(MOST_UNSENT);
    slow.ws.resume();
    await publishedTo(slow);
    expect(received(slow)).toEqual(range(1, FLOOD));
  });

  test('with whenSlow: refill gets one gap in the place of what was trimmed meanwhile', async () => {
    await using events = await startEventServer({
      maxBufferedBytes: HIGH_WATER,
      broker: { maxRecords: 1100 },
    });
    const slow = await events.subscribe();
    slow.ws.pause();
    await flood(events);
    for (let n = 0; n < 1100; n++) await events.manager.publish('system_status', systemStatus());
    slow.ws.resume();
    await until(() =>
      expect(itemsOf(slow).filter((item) => item.event_type === 'system_status')).toHaveLength(1100),
    );
    const items = itemsOf(slow);
    const gaps = items.filter(({ event_type }) => event_type === 'stream_gap');
    expect(gaps).toMatchObject([{ data: { reason: 'trimmed' } }]);
    const before = received(slow);
    expect(before).toEqual(range(1, before.length));
    expect(gaps[0]?.data).toMatchObject({ lost: FLOOD - before.length });
    expect(items.indexOf(gaps[0] as (typeof items)[number])).toBe(1 + before.length);
  });

  test('with whenSlow: conflate gets the latest of each type, and the rest announced', async () => {
    await using events = await startEventServer({ maxBufferedBytes: HIGH_WATER });
    const slow = await events.subscribe(1, { whenSlow: 'conflate' });
    slow.ws.pause();
    await events.manager.publish('system_status', systemStatus(1));
    await flood(events);
    await events.manager.publish('system_status', systemStatus(99));
    slow.ws.resume();
    await publishedTo(slow);
    await until(() => expect(itemsOf(slow).at(-1)).toMatchObject({ event_type: 'system_status' }));
    const items = itemsOf(slow);
    const messages = received(slow);
    const before = messages.slice(0, -1);
    expect(before).toEqual(range(1, before.length));
    expect(items.slice(before.length + 2).map(({ event_type, data }) => [event_type, data])).toMatchObject([
      ['stream_gap', { reason: 'conflated', lost: FLOOD - 1 - before.length }],
      ['agent_message', {}],
      ['system_status', { performance_metrics: { cpu_percent: 99 } }],
    ]);
  });

  test('with whenSlow: disconnect is cut with 4008, which it has 5 s to read, and resumes from its last cursor', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    await using events = await startEventServer({ maxBufferedBytes: HIGH_WATER });
    const slow = await events.subscribe(1, { whenSlow: 'disconnect' });
    slow.ws.pause();
    const peak = await flood(events);
    expect(peak).toBeLessThan(HIGH_WATER * 2);
    vi.advanceTimersByTime(4_999);
    slow.ws.resume();
    expect(await slow.closed).toBe(4008);
    const again = await events.subscribe(1, { since: itemsOf(slow).at(-1)?.cursor });
    await publishedTo(again);
    expect([...received(slow), ...received(again)]).toEqual(range(1, FLOOD));
  });

  /** Subscriptions of one client, alike and each of its own kind, so that they are in many groups. */
  async function subscribeOften({ server, manager }: EventServer, count: number): Promise<RawClient> {
    const client = await server.connect();
    for (let id = 1; id <= count; id++) {
      const own = [{ filter: { agent_id: { ne: `nobody-${id}` } } }, { topics: ['default', 'other'] }, {}];
      client.call(id, 'subscription', 'on.any', { json: own[id % own.length] });
    }
    await until(() => expect(manager.stats().subscribers).toBe(count));
    await Promise.all(range(1, count).map((id) => client.frame(id, 1)));
    return client;
  }

  test('with many subscriptions has each event held a few times, and each subscription gets everything when it reads again', async () => {
    await using events = await startEventServer({ maxBufferedBytes: HIGH_WATER });
    const slow = await subscribeOften(events, 30);
    slow.ws.pause();
    let peak = 0;
    for (let n = 1; n <= 200; n++) {
      await events.manager.publish('agent_message', padded(n));
      await new Promise((resolve) => setImmediate(resolve));
      peak = Math.max(peak, events.sockets[0]?.writableLength ?? 0);
    }
    expect(peak).toBeGreaterThan(HIGH_WATER);
    expect(peak).toBeLessThan(MOST_UNSENT);
    slow.ws.resume();
    for (const id of range(1, 30))
      await until(() => expect(messagesOf(slow, id).map(numberOf)).toEqual(range(1, 200)));
  });

  test('that comes back with many subscriptions is handed the log for one at a time', async () => {
    await using events = await startEventServer({ maxBufferedBytes: HIGH_WATER });
    for (let n = 1; n <= 200; n++) await events.manager.publish('agent_message', padded(n));
    const slow = await events.server.connect();
    slow.ws.pause();
    for (const id of range(1, 30)) {
      const of = id % 2 === 0 ? { topics: ['default', 'other'] } : {};
      slow.call(id, 'subscription', 'on.any', { json: { ...of, since: { last: 200 } } });
    }
    const unsent = () => events.sockets[0]?.writableLength ?? 0;
    await until(() => expect(unsent()).toBeGreaterThan(HIGH_WATER));
    await until(() => expect(events.manager.stats().subscribers).toBe(30));
    slow.ws.resume();
    let peak = 0;
    // For each of them `started`, `stream_synced` and the events.
    while (slow.frames.length < 30 * (2 + 200)) {
      peak = Math.max(peak, unsent());
      await new Promise((resolve) => setImmediate(resolve));
    }
    for (const id of range(1, 30)) expect(messagesOf(slow, id).map(numberOf)).toEqual(range(1, 200));
    expect(peak).toBeLessThan(MOST_UNSENT);
  });

  test('control: has every event held by each of its subscriptions without the high-water mark', async () => {
    await using events = await startEventServer({ maxBufferedBytes: Number.POSITIVE_INFINITY });
    const slow = await subscribeOften(events, 30);
    slow.ws.pause();
    for (let n = 1; n <= 100; n++) await events.manager.publish('agent_message', padded(n));
    await until(() => expect(events.sockets[0]?.writableLength).toBeGreaterThan(FLOOD_BYTES));
  });

  test('is cut when it takes nothing for drainTimeoutMs, even if little waits for it and it answers pings', async () => {
    await using events = await startEventServer({
      maxBufferedBytes: 1024 * 1024 * 1024,
      drainTimeoutMs: 400,
    });
    const slow = await events.subscribe();
    const good = await events.subscribe();
    slow.ws.pause();
    await flood(events);
    await until(() => {
      slow.send('PONG');
      expect(events.server.wss.clients.size).toBe(1);
    });
    await publishedTo(good);
    expect(events.manager.stats().subscribers).toBe(1);
  });
});

import { afterEach, beforeEach, describe, expect, expectTypeOf, test, vi } from 'vitest';
import {
  type Broker,
  broadcastAgentMessage,
  broadcastSystemStatus,
  EventManager,
  MemoryBroker,
} from '../../server/index.ts';
import { eventually } from '../client/eventually.ts';
import { agentMessage, systemStatus } from '../support/events.ts';

let manager: EventManager;
const logger = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() };

beforeEach(() => {
  manager = new EventManager({ broker: new MemoryBroker(), logger });
});
afterEach(async () => {
  vi.useRealTimers();
  vi.clearAllMocks();
  await manager.close();
});

describe('listeners', () => {
  test('get the events they ask for, in order, until removed', async () => {
    const seen: string[] = [];
    const id = manager.addListener(
      (event) => {
        expectTypeOf(event.event_type).toEqualTypeOf<'agent_message'>();
        seen.push(event.data.message);
      },
      { types: ['agent_message'] },
    );
    await eventually(() => expect(manager.stats().topics).toEqual(['default']));
    await broadcastAgentMessage(manager, agentMessage(1));
    await broadcastSystemStatus(manager, systemStatus());
    await broadcastAgentMessage(manager, agentMessage(2));
    await eventually(() => expect(seen).toEqual(['1', '2']));
    expect(manager.removeListener(id)).toBe(true);
    expect(manager.removeListener(id)).toBe(false);
    await broadcastAgentMessage(manager, agentMessage(3));
    await eventually(() => expect(manager.stats().received['agent_message']).toBe(3));
    expect(seen).toEqual(['1', '2']);
  });

  test('get what was published before the manager was closed', async () => {
    const seen: string[] = [];
    manager.addListener(({ data }) => seen.push(data.message), { types: ['agent_message'] });
    await manager.publish('agent_message', agentMessage(1));
    await manager.close();
    expect(seen).toEqual(['1']);
  });

  test('[D11] that throw or reject are logged and counted, and the others run', async () => {
    const seen = vi.fn();
    manager.addListener(() => {
      throw new Error('thrown');
    });
    manager.addListener(() => Promise.reject(new Error('rejected')));
    manager.addListener(seen);
    await manager.publish('agent_message', agentMessage(1));
    await eventually(() => expect(manager.stats().errors.listener).toBe(2));
    expect(seen).toHaveBeenCalledTimes(1);
    expect(logger.error).toHaveBeenCalledTimes(2);
  });
});

describe('publish', () => {
  test('[D2] refuses an invalid event with the path of the field, and stores nothing', async () => {
    const bad = { ...agentMessage(1), sentiment: { score: 2, label: 'positive' as const } };
    await expect(manager.publish('agent_message', bad)).rejects.toMatchObject({
      code: 'INVALID_EVENT',
      issues: [{ path: ['data', 'sentiment', 'score'] }],
    });
    // @ts-expect-error no such event
    await expect(manager.publish('agent_massage', agentMessage(1))).rejects.toMatchObject({
      code: 'UNKNOWN_EVENT',
    });
    await expect(manager.publish('agent_message', agentMessage(1), { topic: '.x' })).rejects.toMatchObject({
      code: 'INVALID_TOPIC',
    });
    await expect(
      manager.publish('agent_message', agentMessage(1), { timestamp: 'yesterday' }),
    ).rejects.toMatchObject({
      code: 'INVALID_EVENT',
      issues: [{ path: ['timestamp'] }],
    });
    expect((await manager.history()).items).toEqual([]);
    expect(manager.stats().errors.invalid).toBe(3);
  });

  test('[D3] stores one event for an idempotency key, and answers a repetition with its cursor', async () => {
    const first = await manager.publish('agent_message', agentMessage(1), { idempotencyKey: 'k' });
    const second = await manager.publish('agent_message', agentMessage(1), { idempotencyKey: 'k' });
    expect(first.duplicate).toBe(false);
    expect(second).toEqual({ cursor: first.cursor, duplicate: true });
    expect((await manager.history()).items).toHaveLength(1);
  });

  test('[D2] stores nothing of a batch with an invalid event', async () => {
    const valid = { event_type: 'agent_message', data: agentMessage(1) } as const;
    const invalid = {
      event_type: 'agent_message',
      data: { ...agentMessage(2), message: 7 as never },
    } as const;
    await expect(manager.publishBatch([valid, invalid])).rejects.toMatchObject({
      code: 'INVALID_EVENT',
      issues: [{ path: ['events', 1, 'data', 'message'] }],
    });
    expect((await manager.history()).items).toEqual([]);
    const results = await manager.publishBatch([
      valid,
      { event_type: 'system_status', data: systemStatus() },
    ]);
    expect(results.map(({ cursor }) => cursor.split(':')[1])).toEqual(['1', '2']);
  });

  test('[D10] refuses at once with OVERLOADED beyond its bound, and works again when there is room', async () => {
    const held: (() => void)[] = [];
    const slow = new MemoryBroker();
    const target: Broker = Object.assign(Object.create(slow), {
      publish: (topic: string, entries: never[]) =>
        new Promise((resolve) => held.push(() => resolve(slow.publish(topic, entries)))),
    });
    const bounded = new EventManager({ broker: target, maxInFlight: 2 });
    const first = [
      bounded.publish('agent_message', agentMessage(1)),
      bounded.publish('agent_message', agentMessage(2)),
    ];
    await expect(bounded.publish('agent_message', agentMessage(3))).rejects.toMatchObject({
      code: 'OVERLOADED',
    });
    expect(bounded.stats()).toMatchObject({ queueSize: 2, queueLimit: 2, errors: { overloaded: 1 } });
    for (const release of held) release();
    await Promise.all(first);
    expect(bounded.stats().queueSize).toBe(0);
  });

  test('stores the first event of a throttled type at once, and the latest when the interval ends', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const throttled = new EventManager({ broker: new MemoryBroker(), throttle: { system_status: 1000 } });
    const results = [1, 2, 3].map((cpu) => throttled.publish('system_status', systemStatus(cpu)));
    await expect(results[0]).resolves.toMatchObject({ duplicate: false });
    expect(throttled.stats().queueSize).toBe(2);
    await vi.advanceTimersByTimeAsync(1000);
    const [first, second, third] = await Promise.all(results);
    expect(second).toEqual({ ...third, conflated: true });
    expect(third).toEqual({ cursor: first?.cursor.replace(':1', ':2'), duplicate: false });
    const { items } = await throttled.history({ types: ['system_status'] });
    expect(items.map(({ event }) => event.data.performance_metrics.cpu_percent)).toEqual([1, 3]);
  });

  test('[D3] a retry of what was stored before stands in for no other event of a throttled type', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const throttled = new EventManager({ broker: new MemoryBroker(), throttle: { system_status: 1000 } });
    const publish = (cpu: number, idempotencyKey: string) =>
      throttled.publish('system_status', systemStatus(cpu), { idempotencyKey });
    const first = await publish(1, 'first');
    const waiting = [publish(2, 'second'), publish(3, 'third'), publish(1, 'first'), publish(1, 'first')];
    await vi.advanceTimersByTimeAsync(1000);
    const [second, third, ...retries] = await Promise.all(waiting);
    expect(retries).toEqual(Array(2).fill({ ...first, duplicate: true }));
    expect(third).toEqual({ cursor: first.cursor.replace(':1', ':2'), duplicate: false });
    expect(second).toEqual({ ...third, conflated: true });
    const { items } = await throttled.history({ types: ['system_status'] });
    expect(items.map(({ event }) => event.data.performance_metrics.cpu_percent)).toEqual([1, 3]);
  });

  test('rejects with CLOSED after close, which may be called twice', async () => {
    await manager.close();
    await manager.close();
    await expect(manager.publish('agent_message', agentMessage(1))).rejects.toMatchObject({ code: 'CLOSED' });
  });
});

test('a number that bounds nothing, and a time that no timer holds, is refused', () => {
  const make = (options: object) => () => new EventManager({ broker: new MemoryBroker(), ...options });
  const { NaN: none, POSITIVE_INFINITY: endless } = Number;
  for (const lingerMs of [none, endless, -1, 2 ** 31])
    expect(make({ lingerMs })).toThrow(
      new TypeError(`EventManager: lingerMs must be 0 to 2147483647 ms, not ${lingerMs}`),
    );
  for (const maxOpen of [none, endless, 0, 1.5])
    expect(make({ maxOpen })).toThrow(
      new TypeError(`EventManager: maxOpen must be a positive integer, not ${maxOpen}`),
    );
  for (const ms of [none, endless, 0, 2 ** 31])
    expect(make({ throttle: { system_status: ms } })).toThrow(
      new TypeError(`Throttle: intervalMs must be above 0 ms and at most 2147483647, not ${ms}`),
    );
  expect(make({ lingerMs: 0, maxOpen: 1, throttle: { system_status: 0.5 } })).not.toThrow();
  expect(make({ lingerMs: 2 ** 31 - 1, throttle: { system_status: 2 ** 31 - 1 } })).not.toThrow();
});

test('stats count per type, and have the last event, the topics and the subscribers', async () => {
  const iterator = manager.subscribe()[Symbol.asyncIterator]();
  await iterator.next();
  await manager.publish('agent_message', agentMessage(1));
  await iterator.next();
  const stats = manager.stats();
  expect(stats).toMatchObject({
    published: { agent_message: 1, network_update: 0, system_status: 0 },
    received: { agent_message: 1 },
    subscribers: 1,
    topics: ['default'],
  });
  expect(Date.parse(stats.lastEventAt ?? '')).toBeLessThanOrEqual(Date.now());
  await iterator.return?.();
  expect(manager.stats().subscribers).toBe(0);
});

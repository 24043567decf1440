import { afterEach, describe, expect, test, vi } from 'vitest';
import * as z from 'zod';
import { createPublisher } from '../../client/index.ts';
import { type Selection, select } from '../../server/event-manager/records/selector.ts';
import {
  type Claims,
  createAppRouter,
  EventManager,
  MemoryBroker,
  Sessions,
  type Tracing,
} from '../../server/index.ts';
import { defineEvents, psycheEvents } from '../../shared/index.ts';
import { runSimulation, simulationEvents } from '../../simulation/index.ts';
import { agentMessage } from '../support/events.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  vi.useRealTimers();
  for (const each of open.splice(0)) await each.close();
});

function setUp(options: Partial<ConstructorParameters<typeof EventManager>[0]> = {}) {
  const broker = new MemoryBroker();
  const manager = new EventManager({ broker, ...options });
  open.push(manager);
  const publishers = async () => (await manager.history()).items.map(({ event }) => event.by ?? null);
  return { broker, manager, publishers };
}

describe('code of the server says who publishes', () => {
  test('an event, a batch, and each event of a batch', async () => {
    const { manager, publishers } = setUp();
    const event = { event_type: 'agent_message', data: agentMessage(1) } as const;
    await manager.publish('agent_message', agentMessage(1), { by: 'ego' });
    await manager.publishBatch([event, event], { by: 'self' });
    await manager.publishBatch([event, event, event], { by: ['ego', undefined, 'shadow'] });
    await manager.publish('agent_message', agentMessage(1));
    expect(await publishers()).toEqual(['ego', 'self', 'self', 'ego', null, 'shadow', null]);
  });

  test('by an id that a subject can have, or nothing is stored', async () => {
    const { manager, publishers } = setUp();
    const event = { event_type: 'agent_message', data: agentMessage(1) } as const;
    for (const by of ['', 'x'.repeat(129), 'line\nend', '\ud800', 7 as never]) {
      await expect(manager.publish('agent_message', agentMessage(1), { by })).rejects.toMatchObject({
        code: 'INVALID_EVENT',
        issues: [{ path: ['by'] }],
      });
      await expect(manager.publishBatch([event, event], { by: ['ego', by] })).rejects.toMatchObject({
        issues: [{ path: ['events', 1, 'by'] }],
      });
    }
    expect(await publishers()).toEqual([]);
  });

  test('and not the event of a batch, whatever it holds', async () => {
    const { manager, publishers } = setUp();
    const event = { event_type: 'agent_message', data: agentMessage(1), by: 'bob' } as const;
    await manager.publishBatch([event]);
    expect(await publishers()).toEqual([null]);
  });

  test('and a throttle keeps it with the event that it lets through', async () => {
    vi.useFakeTimers();
    const { manager, publishers } = setUp({ throttle: { agent_message: 100 } });
    const all = ['ego', 'self', 'shadow'].map((by) =>
      manager.publish('agent_message', agentMessage(by), { by }),
    );
    await vi.advanceTimersByTimeAsync(100);
    const results = await Promise.all(all);
    expect(results.map(({ conflated }) => conflated ?? false)).toEqual([false, true, false]);
    expect(await publishers()).toEqual(['ego', 'shadow']);
  });

  test('and it goes along with a trace', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const tracing: Tracing = {
      publish: (_, run) => run(traceparent),
      handle: (_, run) => run(),
      delivered: () => {},
    };
    const { manager } = setUp({ tracing });
    const event = { event_type: 'agent_message', data: agentMessage(1) } as const;
    await manager.publish('agent_message', agentMessage(1), { by: 'ego' });
    await manager.publishBatch([event], { by: 'self' });
    const { items } = await manager.history();
    expect(items.map(({ event }) => [event.by, event.traceparent])).toEqual([
      ['ego', traceparent],
      ['self', traceparent],
    ]);
  });

  test('and listeners and subscriptions are told', async () => {
    const { manager } = setUp();
    const heard: unknown[] = [];
    manager.addListener((event) => void heard.push(event.by), { filter: { by: 'ego' } });
    for (const by of ['ego', 'self', undefined])
      await manager.publish('agent_message', agentMessage(1), { by });
    await expect.poll(() => heard).toEqual(['ego']);
  });
});

test('subscribers who select alike share a group: a subject with echo: false with itself alone', () => {
  const keyOf = (options: Selection) => select(psycheEvents, options).key;
  const alice = { echo: false, subject: 'alice' };
  expect(keyOf(alice)).toBe(keyOf({ ...alice }));
  expect(keyOf({ ...alice, echo: true })).toBe(keyOf({}));
  expect(keyOf({ subject: 'alice' })).toBe(keyOf({ subject: 'bob' }));
  const different: Selection[] = [
    {},
    alice,
    { echo: false, subject: 'bob' },
    { echo: false, subject: 'alice"' },
    { ...alice, filter: { message: 'x' } },
    { filter: { message: 'x' } },
    { filter: { by: { ne: 'alice' } } },
  ];
  expect(new Set(different.map(keyOf)).size).toBe(different.length);
});

describe('a publisher past any server', () => {
  test('is by what its configuration says, whatever its events hold', async () => {
    const { broker, publishers } = setUp();
    const named = createPublisher({ broker, by: 'importer' });
    const nameless = createPublisher({ broker });
    const event = { event_type: 'agent_message', data: agentMessage(1), by: 'bob' } as const;
    await named.publish('agent_message', agentMessage(1), { by: 'bob' } as object);
    await named.publishBatch([event]);
    await nameless.publish('agent_message', agentMessage(1));
    expect(await publishers()).toEqual(['importer', 'importer', null]);
    const wrong = createPublisher({ broker, by: '' });
    await expect(wrong.publish('agent_message', agentMessage(1))).rejects.toMatchObject({
      code: 'INVALID_EVENT',
    });
  });

  test('that writes records of its own is believed where its name is one', async () => {
    const { broker, manager } = setUp();
    const record = (by: string) => ({
      type: 'agent_message',
      id: by,
      json: `{"event_type":"agent_message","timestamp":"2026-01-01T00:00:00Z","data":${JSON.stringify(agentMessage(1))},"by":${by}}`,
    });
    const wrong = ['7', 'null', '""', '{"id":"ego"}', '"line\\nend"'];
    await broker.publish('default', ['"ego"', ...wrong].map(record));
    const page = await manager.history({ since: { at: new Date(0).toISOString() } });
    expect(page.items.map(({ event }) => event.by)).toEqual(['ego']);
    expect(page.gaps).toMatchObject(wrong.map(() => ({ lost: 1, reason: 'dropped' })));
  });
});

test('the agents of a simulation name nobody, unless it is configured', async () => {
  for (const by of [undefined, 'psyche']) {
    const manager = new EventManager({ broker: new MemoryBroker(), catalog: simulationEvents });
    open.push(manager);
    const events = async () => (await manager.history()).items.map(({ event }) => event);
    const simulation = runSimulation({ manager, ...(by && { by }) });
    const types = async () => (await events()).map(({ event_type }) => event_type);
    await expect.poll(types).toEqual(expect.arrayContaining(['agent_message', 'agent_processing']));
    await simulation.close();
    const publishers = (await events()).map((event) => event.by ?? null);
    expect(new Set(publishers)).toEqual(new Set([by ?? null]));
  }
});

describe('a catalog whose data has a field named by', () => {
  const catalog = defineEvents({
    quote: z.object({ by: z.string(), text: z.string() }),
    note: z.object({ text: z.string() }),
  });
  const claims = { publish: ['*'], subscribe: ['*'], topics: ['*'] };

  function setUp() {
    const manager = new EventManager({ catalog, broker: new MemoryBroker() });
    open.push(manager);
    const router = createAppRouter(manager);
    const callerOf = (id: string, filter?: Claims['filter']) =>
      router.createCaller({ session: new Sessions().open({ id, claims: { ...claims, filter } }) });
    return { manager, callerOf };
  }

  test('keeps the field and the publisher apart', async () => {
    const { manager, callerOf } = setUp();
    await callerOf('alice').publish.quote({ data: { by: 'Jung', text: 'a' } });
    const { items } = await manager.history();
    expect(items.map(({ event }) => [event.by, event.data])).toEqual([['alice', { by: 'Jung', text: 'a' }]]);
  });

  test('refuses a filter by it, and grants nothing of it where claims have one', async () => {
    const { manager, callerOf } = setUp();
    await expect(manager.history({ filter: { by: 'Jung' } })).rejects.toMatchObject({
      code: 'INVALID_FILTER',
      message: expect.stringContaining('the data has a field of that name too'),
    });
    const narrowed = callerOf('alice', { by: 'alice' });
    await expect(narrowed.history({ types: ['quote'] })).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(narrowed.history({ types: ['note', 'quote'] })).rejects.toMatchObject({ code: 'FORBIDDEN' });
    // Types without the field can be filtered by who published.
    expect((await manager.history({ types: ['note'], filter: { by: 'alice' } })).items).toEqual([]);
  });

  test('has its filters on other fields, and echo: false', async () => {
    const { callerOf } = setUp();
    const [alice, bob] = [callerOf('alice'), callerOf('bob')];
    await alice.publish.quote({ data: { by: 'Jung', text: 'a' } });
    await bob.publish.quote({ data: { by: 'alice', text: 'a' } });
    await bob.publish.quote({ data: { by: 'Freud', text: 'b' } });
    const { items } = await alice.history({ filter: { text: 'a' }, echo: false });
    expect(items.map(({ event }) => event.data)).toEqual([{ by: 'alice', text: 'a' }]);
    const control = await alice.history({ filter: { text: 'a' } });
    expect(control.items).toHaveLength(2);
  });
});

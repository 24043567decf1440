import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { Broker } from '../../../server/broker/broker.ts';
import { Feed } from '../../../server/event-manager/feeds/feed.ts';
import type { Hub } from '../../../server/event-manager/hubs/hub.ts';
import { MergedHub } from '../../../server/event-manager/hubs/merged-hub.ts';
import { EventManager } from '../../../server/index.ts';
import { brokerKinds } from '../../broker/contract/fixtures.ts';
import { size } from '../../faults/chaos.ts';
import { eventOf, wantedOf } from '../events/wanted.ts';
import { withinTime } from '../time-limit.ts';
import { checkTaken, placeOf } from './check-topics.ts';
import { AttachedReader, IteratingReader, type TopicsReader } from './topics-reader.ts';

const TOPICS = ['run-1', 'run-2', 'run-3', 'news'];
const KEPT = 12;
/** Ms in which everything that is waited for has come, also on a busy machine. */
const DONE_MS = 20_000;
/** Likewise for a control, which may wait for something that never comes. */
const CONTROL_DONE_MS = 5000;
/** Runs in which a control has to find its fault. */
const CONTROL = 101;
const RUNS = size(40, 400);
/** Beyond it a slow machine has run fewer, and that is no failure. */
const TIME_MS = size(6000, 120_000);
const { MODEL_SEED, MODEL_RUNS } = process.env;

type Step =
  | { do: 'publish'; topic: number; count: number }
  | { do: 'leave'; who: number; node: number; unread: number }
  | { do: 'pause' | 'resume'; who: number }
  | { do: 'turns'; count: number };

/** A subscriber that is attached; the one beside them iterates. */
interface Attached {
  wants: number;
  /** Items that it takes until it says that it is full. */
  capacity: number;
  pace: 'all' | 'conflate' | 'every';
}

const who = fc.nat(3);

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('publish' as const),
      topic: fc.nat(TOPICS.length - 1),
      count: fc.integer({ min: 1, max: 6 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('leave' as const), who, node: fc.nat(1), unread: fc.nat(8) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom('pause' as const, 'resume' as const, 'resume' as const),
      who,
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('turns' as const), count: fc.nat(4) }) },
);

const attached: fc.Arbitrary<Attached> = fc.record({
  wants: fc.constantFrom(0, 0, 0, 1, 3),
  capacity: fc.oneof(fc.constant(1000), fc.integer({ min: 1, max: 12 })),
  pace: fc.constantFrom('all' as const, 'all' as const, 'conflate' as const, 'every' as const),
});

/** A subscriber, and what it should get. */
interface Subscriber {
  readonly reader: TopicsReader;
  readonly matches: (n: number) => boolean;
  readonly reduces: boolean;
}

const topics = ['run-*', 'news'];

function subscriberOf({ wants, capacity, pace }: Attached): Subscriber {
  const { options, matches } = wantedOf(wants);
  const slow = pace === 'conflate' ? ({ whenSlow: 'conflate' } as const) : {};
  const paced = pace === 'every' ? { every: 2 } : {};
  const reader = new AttachedReader({ ...options, ...slow, ...paced, topics }, capacity);
  return { reader, matches, reduces: pace !== 'all' };
}

/**
 * @param doneMs ms after which something is waited for for ever
 * @param wrap stands between the log and the node that is read from
 */
async function run(
  kind: (typeof brokerKinds)[number],
  others: readonly Attached[],
  steps: readonly Step[],
  doneMs: number,
  wrap = (broker: Broker) => broker,
) {
  await using log = await kind.open({ maxRecords: KEPT });
  const nodes = [log.broker, log.another()].map(
    (broker) => new EventManager({ broker: wrap(broker), lingerMs: 1 }),
  );
  const node = (index: number) => nodes[index % 2] as EventManager;
  const published = new Map(TOPICS.map((topic) => [topic, 0]));
  const iterating = { reader: new IteratingReader({ topics }), matches: () => true, reduces: false };
  const all: Subscriber[] = [iterating, ...others.map(subscriberOf)];
  const readerOf = (index: number) => (all[index % all.length] ?? iterating).reader;
  try {
    for (const [index, { reader }] of all.entries()) reader.join(node(index % 2));
    while (all.some(({ reader }) => reader.taken.length === 0)) await turn();
    for (const each of steps) {
      if (each.do === 'turns') for (let i = 0; i < each.count; i++) await turn();
      if (each.do === 'pause') readerOf(each.who).pause();
      if (each.do === 'resume') readerOf(each.who).resume();
      if (each.do === 'leave') {
        const reader = readerOf(each.who);
        await reader.leave(each.unread);
        reader.join(node(each.node));
      }
      if (each.do === 'publish') {
        const topic = TOPICS[each.topic] ?? '';
        for (let i = 0; i < each.count; i++) {
          const n = (published.get(topic) ?? 0) + 1;
          published.set(topic, n);
          await node(i).publishBatch([eventOf(n)], { topic });
        }
      }
    }
    for (const { reader } of all) reader.resume(Number.POSITIVE_INFINITY);
    const deadline = performance.now() + doneMs;
    while (all.some((subscriber) => behind(subscriber, published).length > 0)) {
      for (const { reader } of all) if (reader.misuse) throw new Error(reader.misuse);
      if (performance.now() > deadline) {
        const missing = all.map((subscriber) => behind(subscriber, published).join());
        throw new Error(`[D4] ${missing.join(' | ')}: something is missing for ever`);
      }
      await sleep(1);
    }
    for (const { reader, matches, reduces } of all) {
      checkTaken(reader.taken, matches, reduces);
      const synced = reader.taken.filter(({ type }) => type === 'stream_synced').length;
      if (synced > reader.joined) throw new Error(`[D5] ${synced} stream_synced in ${reader.joined} streams`);
    }
  } finally {
    for (const { reader } of all) await Promise.resolve(reader.leave(0)).catch(() => {});
    await Promise.all(nodes.map((each) => each.close()));
  }
}

/** Topics of which a subscriber lacks something that was neither delivered nor announced as lost. */
function behind({ reader, matches }: Subscriber, published: ReadonlyMap<string, number>): string[] {
  const lacks = ([topic, count]: [string, number]): boolean => {
    const reached = placeOf(reader.taken.findLast((item) => item.topic === topic));
    for (let n = reached + 1; n <= count; n++) if (matches(n)) return true;
    return false;
  };
  return [...published].filter(lacks).map(([topic]) => topic);
}

function hasStarted(hub: Hub): boolean {
  try {
    return hub.position.seq >= 0;
  } catch {
    return false;
  }
}

async function checkProperty(
  kind: (typeof brokerKinds)[number],
  runs: number,
  wrap?: (broker: Broker) => Broker,
) {
  const isControl = runs === CONTROL;
  const doneMs = isControl ? CONTROL_DONE_MS : DONE_MS;
  // A control goes on until it has found its fault.
  const isLimited = MODEL_RUNS === undefined && !isControl;
  const limited = withinTime(
    isLimited ? TIME_MS : Number.POSITIVE_INFINITY,
    (others: readonly Attached[], steps: readonly Step[]) => run(kind, others, steps, doneMs, wrap),
  );
  const property = fc.asyncProperty(
    fc.array(attached, { minLength: 1, maxLength: 3 }),
    fc.array(step, { minLength: 3, maxLength: 30 }),
    (others, steps) => limited.run(others, steps),
  );
  const result = await fc.check(property, {
    numRuns: Number(MODEL_RUNS ?? runs),
    ...(MODEL_SEED !== undefined && { seed: Number(MODEL_SEED) }),
    ...(isControl && { endOnFailure: true }),
  });
  return result.failed ? result : { ...result, numRuns: limited.made };
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe('[D4] [D6] [D12] several topics, killed and resumed anywhere, arrive in order, once, and with nothing missing in silence', () => {
  test.each(brokerKinds)('from $name', { timeout: 60_000 + TIME_MS }, async (kind) => {
    const joins = vi.spyOn(MergedHub.prototype, 'join');
    const standings = vi.spyOn(MergedHub.prototype, 'standing');
    const result = await checkProperty(kind, RUNS);
    expect(
      result.failed &&
        `MODEL_SEED=${result.seed} ${JSON.stringify(result.counterexample)} ${result.errorInstance}`,
    ).toBe(false);
    expect(result.numRuns).toBeGreaterThan(0);
    // They pass through the merged hub, and come back from it: full, not handed a batch, and because a topic appeared.
    expect(joins.mock.calls.length).toBeGreaterThan(result.numRuns);
    expect(standings.mock.calls.length).toBeGreaterThan(0);
  });

  test('control: or lose events with a cursor that names one topic only', { timeout: 60_000 }, async () => {
    const [memory] = brokerKinds;
    if (!memory) throw new Error('no broker');
    // Reads of one topic after a position that another topic has got to.
    const forgetful = (broker: Broker): Broker => ({
      publish: (topic, entries) => broker.publish(topic, entries),
      erase: (topic, epoch, seqs, notices) => broker.erase(topic, epoch, seqs, notices),
      bounds: (topic) => broker.bounds(topic),
      seek: (topic, at) => broker.seek(topic, at),
      tail: (topic, sink) => broker.tail(topic, sink),
      topics: (sink) => broker.topics(sink),
      read: (topic, after, limit) => broker.read(topic, { ...after, seq: after.seq + 1 }, limit),
      close: () => broker.close(),
    });
    const result = await checkProperty(memory, CONTROL, forgetful);
    expect(String(result.errorInstance)).toMatch(/\[D4]/);
  });

  test('control: [D7] a merged hub that is joined before all topics are level is found out', {
    timeout: 60_000,
  }, async () => {
    const [memory] = brokerKinds;
    if (!memory) throw new Error('no broker');
    vi.spyOn(Feed.prototype, 'isLive', 'get').mockImplementation(function (this: Feed) {
      return hasStarted(this.hub);
    });
    const result = await checkProperty(memory, CONTROL);
    expect(String(result.errorInstance)).toMatch(/\[D\d]/);
  });
});

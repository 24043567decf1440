import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Broker } from '../../server/broker/broker.ts';
import { EventManager } from '../../server/index.ts';
import { parseCursor } from '../../shared/cursor.ts';
import { brokerKinds } from '../broker/fixtures.ts';
import { agentMessage } from '../support/events.ts';

const TOPICS = ['run-1', 'run-2', 'run-3', 'news'];
const KEPT = 12;
const DONE_MS = 5000;
const { MODEL_SEED, MODEL_RUNS } = process.env;

type Step =
  | { do: 'publish'; topic: number; count: number }
  | { do: 'leave'; node: number; unread: number }
  | { do: 'turns'; count: number };

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
    arbitrary: fc.record({ do: fc.constant('leave' as const), node: fc.nat(1), unread: fc.nat(8) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('turns' as const), count: fc.nat(4) }) },
);

/** An item as a subscriber took it. */
interface Taken {
  cursor: string;
  topic: string | undefined;
  type: string;
  data: unknown;
}

/** A subscriber to patterns that is killed, loses what it had not looked at, and resumes after the last item it took. */
class Reader {
  readonly taken: Taken[] = [];
  #end = new AbortController();
  #done = Promise.resolve();

  join(node: EventManager): void {
    const end = new AbortController();
    this.#end = end;
    const items = node.subscribe({
      topics: ['run-*', 'news'],
      since: this.taken.at(-1)?.cursor,
      signal: end.signal,
    });
    this.#done = (async () => {
      for await (const { cursor, event: item } of items)
        this.taken.push({ cursor, topic: item.topic, type: item.event_type, data: item.data });
    })();
  }

  async leave(unread: number): Promise<void> {
    this.#end.abort();
    await this.#done;
    // Items that were on their way when the connection broke; the very first tells where it began.
    this.taken.splice(Math.max(1, this.taken.length - unread));
  }
}

/** @param wrap stands between the log and the node that is read from */
async function run(
  kind: (typeof brokerKinds)[number],
  steps: readonly Step[],
  wrap = (broker: Broker) => broker,
) {
  await using log = await kind.open({ maxRecords: KEPT });
  const nodes = [log.broker, log.another()].map(
    (broker) => new EventManager({ broker: wrap(broker), lingerMs: 1 }),
  );
  const node = (index: number) => nodes[index % 2] as EventManager;
  const published = new Map(TOPICS.map((topic) => [topic, [] as number[]]));
  const reader = new Reader();
  try {
    reader.join(node(0));
    while (reader.taken.length === 0) await turn();
    for (const each of steps) {
      if (each.do === 'turns') for (let i = 0; i < each.count; i++) await turn();
      if (each.do === 'leave') {
        await reader.leave(each.unread);
        reader.join(node(each.node));
      }
      if (each.do === 'publish') {
        const topic = TOPICS[each.topic] ?? '';
        const events = published.get(topic) ?? [];
        for (let i = 0; i < each.count; i++) {
          events.push(events.length + 1);
          await node(i).publish('agent_message', agentMessage(events.length), { topic });
        }
      }
    }
    const deadline = performance.now() + DONE_MS;
    for (;;) {
      const behind = [...published].filter(([topic, { length }]) => reached(reader.taken, topic) < length);
      if (behind.length === 0) break;
      if (performance.now() > deadline)
        throw new Error(`[D4] ${behind.map(([topic]) => topic)}: something is missing for ever`);
      await sleep(1);
    }
    check(reader.taken);
  } finally {
    await reader.leave(0).catch(() => {});
    await Promise.all(nodes.map((each) => each.close()));
  }
}

/** The place up to which a topic was delivered, or announced as lost. */
function reached(taken: readonly Taken[], topic: string): number {
  const last = taken.findLast((item) => item.topic === topic);
  return last ? placeOf(last) : 0;
}

function placeOf({ cursor, topic }: Taken): number {
  const part = cursor.split('~').find((each) => each.startsWith(`${topic}:`)) ?? '';
  return parseCursor(part.slice(part.indexOf(':') + 1)).seq;
}

/** Every topic in order, each record once, none missing without a gap in its place. */
function check(taken: readonly Taken[]): void {
  const places = new Map<string, number>();
  for (const item of taken) {
    const { topic, type, data } = item;
    if (topic === undefined) continue; // stream_synced
    const before = places.get(topic) ?? 0;
    const place = placeOf(item);
    if (type === 'stream_gap') {
      const gap = data as { from: string; to: string; lost: number; reason: string };
      const [from, to] = [parseCursor(gap.from).seq, parseCursor(gap.to).seq];
      if (from !== before || to !== place)
        throw new Error(`[D4] ${topic}: a gap out of place after ${before}: ${from}–${to}`);
      if (gap.reason !== 'trimmed' || gap.lost !== to - from)
        throw new Error(`[D4] ${topic}: ${JSON.stringify(gap)}`);
    } else {
      if (place !== before + 1) throw new Error(`[D4] ${topic}: ${place} after ${before}`);
      if ((data as { message: string }).message !== String(place))
        throw new Error(`[D4] ${topic}: not record ${place}`);
    }
    places.set(topic, place);
  }
}

function checkProperty(kind: (typeof brokerKinds)[number], runs: number, wrap?: (broker: Broker) => Broker) {
  const property = fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 30 }), (steps) =>
    run(kind, steps, wrap),
  );
  return fc.check(property, {
    numRuns: Number(MODEL_RUNS ?? runs),
    ...(MODEL_SEED !== undefined && { seed: Number(MODEL_SEED) }),
    ...(wrap && { endOnFailure: true }),
    ...(MODEL_RUNS === undefined && { interruptAfterTimeLimit: 6000, markInterruptAsFailure: false }),
  });
}

describe('[D4] [D6] [D12] several topics, killed and resumed anywhere, arrive in order, once, and with nothing missing in silence', () => {
  test.each(brokerKinds)('from $name', { timeout: 60_000 }, async (kind) => {
    const result = await checkProperty(kind, 100);
    expect(
      result.failed &&
        `MODEL_SEED=${result.seed} ${JSON.stringify(result.counterexample)} ${result.errorInstance}`,
    ).toBe(false);
    expect(result.numRuns).toBeGreaterThan(0);
  });

  test('control: or lose events with a cursor that names one topic only', { timeout: 60_000 }, async () => {
    const [memory] = brokerKinds;
    if (!memory) throw new Error('no broker');
    // Reads of one topic after a position that another topic has got to.
    const forgetful = (broker: Broker): Broker => ({
      publish: (topic, entries) => broker.publish(topic, entries),
      bounds: (topic) => broker.bounds(topic),
      seek: (topic, at) => broker.seek(topic, at),
      tail: (topic, sink) => broker.tail(topic, sink),
      topics: (sink) => broker.topics(sink),
      read: (topic, after, limit) => broker.read(topic, { ...after, seq: after.seq + 1 }, limit),
      close: () => broker.close(),
    });
    const result = await checkProperty(memory, 100, forgetful);
    expect(String(result.errorInstance)).toMatch(/\[D4]/);
  });
});

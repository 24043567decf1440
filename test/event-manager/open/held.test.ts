import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ownAsker } from '../../../server/event-manager/reading/asker.ts';
import { EventManager, MemoryBroker } from '../../../server/index.ts';
import { settled } from '../../support/turns.ts';
import { catalog, collect, type Events, OpenTopic, shorts } from './world.ts';

/** The end of it comes in no test. */
const HOUR_MS = 3_600_000;
const KIB = 1024;

let broker: MemoryBroker;
let manager: EventManager<Events>;
let topic: OpenTopic;

beforeEach(() => {
  broker = new MemoryBroker();
  manager = new EventManager({ broker, catalog });
  topic = new OpenTopic(broker);
});
afterEach(() => manager.close());

type Options = Parameters<typeof collect>[1];

/** A subscription whose interval has begun, and the items that it is told from then on. */
async function paced(type: 'typing' | 'viewer', options: Options = {}) {
  const stream = collect(manager, { types: [type], every: HOUR_MS, ...options });
  await expect.poll(() => stream.ofType('stream_synced')).toHaveLength(1);
  const before = stream.items.length;
  const first = new OpenTopic(broker, options.topic);
  await (type === 'typing' ? first.typing('first') : first.viewer('first'));
  await stream.count(before + 1);
  const told = () => shorts(stream.items.slice(before + 1));
  return { told, [Symbol.dispose]: () => stream[Symbol.dispose]() };
}

const toldOf = ({ told }: { told: () => string[] }) => expect.poll(() => told().length);

describe('an interval delivers early beyond', () => {
  test('1000 ephemeral events, each the latest of its key', async () => {
    using stream = await paced('typing', { latestBy: 'who' });
    for (let i = 0; i < 1001; i++) await topic.typing(`w${i}`);
    await toldOf(stream).toBeGreaterThanOrEqual(1000);
    expect(new Set(stream.told()).size).toBe(stream.told().length);
  });

  test('a thousand members that come and go', async () => {
    using stream = await paced('viewer');
    for (let i = 0; i < 1001; i++) await (await topic.viewer(`v${i}`)).settle('left');
    await toldOf(stream).toBeGreaterThan(0); // those that waited when it was too much
    expect(new Set(stream.told())).toEqual(new Set(['left']));
  });

  test('256 KiB of ephemeral events', async () => {
    using stream = await paced('typing', { latestBy: 'who' });
    for (const who of 'abc') await topic.typing(who.repeat(100 * KIB));
    await toldOf(stream).toBe(3);
  });

  test('256 KiB of members as they are, and as they were', async () => {
    const viewers = [await topic.viewer('a'.repeat(100 * KIB)), await topic.viewer('b'.repeat(100 * KIB))];
    using stream = await paced('viewer');
    for (const viewer of viewers) await viewer.replace({ name: 'c'.repeat(50 * KIB) });
    await toldOf(stream).toBe(2);
  });

  test('256 KiB of texts whose settlements a filter hides', async () => {
    const filter = { or: [{ text: 'a' }, { name: 'first' }] };
    using stream = await paced('viewer', { types: ['viewer', 'reply'], filter });
    const reply = await topic.reply('a');
    await reply.append('b'.repeat(260_000));
    await reply.settle('done');
    await toldOf(stream).toBeGreaterThan(0);
  });

  test('1 MiB of all subscriptions of a connection', async () => {
    const asker = ownAsker();
    const topics = Array.from({ length: 12 }, (_, n) => `run-${n}`);
    const streams = await Promise.all(topics.map((name) => paced('typing', { topic: name, asker })));
    for (const name of topics) await new OpenTopic(broker, name).typing('x'.repeat(100 * KIB));
    await expect.poll(() => streams.flatMap(({ told }) => told())).not.toEqual([]);
  });

  test('control: one key, and one member, are held once, however often they change', async () => {
    using typing = await paced('typing', { latestBy: 'who' });
    using viewers = await paced('viewer');
    const viewer = await topic.viewer('Ada');
    for (let i = 0; i < 1200; i++) {
      await topic.typing('x'.repeat(KIB));
      await viewer.replace({ name: `${i}${'x'.repeat(KIB)}` });
    }
    await settled();
    expect([typing.told(), viewers.told()]).toEqual([[], []]);
  });
});

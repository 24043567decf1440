import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { EncodeBody } from '../../../server/event-manager/hubs/hub.ts';
import { erasureEntry } from '../../../server/event-manager/records/erasure.ts';
import type { StreamRecord } from '../../../server/event-manager/records/stream-record.ts';
import { EventManager, MemoryBroker } from '../../../server/index.ts';
import { settled } from '../../support/turns.ts';
import { SlowReader as Reader } from './slow-reader.ts';
import { catalog, type Events, OpenTopic } from './world.ts';

let broker: MemoryBroker;
let manager: EventManager<Events>;
let topic: OpenTopic;

beforeEach(() => {
  broker = new MemoryBroker();
  manager = new EventManager({ broker, catalog });
  topic = new OpenTopic(broker);
});
afterEach(() => manager.close());

/** Records that were encoded: a transport makes of the same one the same bytes. */
const encoded = new Set<StreamRecord>();
const encode: EncodeBody = (record) => {
  encoded.add(record);
  return Buffer.from(record.json);
};
class SlowReader extends Reader {
  constructor(options: Parameters<typeof manager.subscribe>[0] = {}) {
    super(manager, options, encode);
  }
}

describe('[O6] a slow reader', () => {
  const live = async (options = {}) => {
    const [reply, other] = [await topic.reply('a'), await topic.reply('z')];
    const [ada, eve] = [await topic.viewer('Ada'), await topic.viewer('Eve')];
    const reader = new SlowReader(options);
    await reader.count(5);
    return { reply, other, ada, eve, reader };
  };

  test.each([{}, { topics: ['default'] }])(
    'gets what changed as it is now, and not what was between: %o',
    async (options) => {
      const { reply, ada, eve, reader } = await live(options);
      reader.room = 1;
      await reply.append('b');
      await reader.count(6);
      for (const text of 'cdefgh') {
        await reply.append(text);
        await settled();
      }
      await ada.settle('left');
      await eve.replace({ name: 'Eva' });
      await topic.note(1);
      await topic.viewer('Bob');
      const gone = await topic.viewer('nobody');
      await gone.settle('left');
      await settled();
      expect(reader.items.slice(5)).toEqual(['+b@1']);
      reader.resume();
      await reader.count(11);
      expect(reader.items.slice(6)).toEqual([
        'note 1',
        'left',
        'reply open abcdefgh now',
        'viewer open Eva now',
        'viewer open Bob now',
      ]);
      await reply.append('!');
      expect((await reader.count(12)).slice(11)).toEqual(['+!@8']);
    },
  );

  test('that is not handed a batch since others fill it gets what was in that', async () => {
    const { reply, ada, reader } = await live();
    reader.isFull = true;
    await reply.append('b');
    await ada.settle('left');
    await settled();
    expect(reader.items).toHaveLength(5);
    reader.resume();
    await reader.count(7);
    expect(reader.items.slice(5)).toEqual(['left', 'reply open ab now']);
  });

  test('that was told a batch is not told it again: the control', async () => {
    const { reply, reader } = await live();
    reader.room = 1;
    await reply.append('b');
    await reader.count(6);
    reader.resume();
    await settled();
    expect(reader.items.slice(5)).toEqual(['+b@1']);
  });

  test('with room for less than is open gets it in parts, each event once', async () => {
    const large = 'x'.repeat(100_000);
    for (let i = 0; i < 10; i++) await topic.reply(`${i}${large}`);
    const reader = new SlowReader();
    reader.room = 1;
    await reader.count(3);
    expect(reader.items).toHaveLength(3); // a part ends with the one that makes it large
    while (!reader.items.includes('synced')) {
      reader.resume(1);
      await settled();
    }
    expect(reader.items.map((item) => item.slice(0, 12))).toEqual([
      ...Array.from({ length: 10 }, (_, i) => `reply open ${i}`),
      'synced',
    ]);
  });

  test.each([{}, { topics: ['default'] }])(
    'with room for less than is open gets small events in parts too, each event once: %o',
    async (options) => {
      for (let i = 0; i < 300; i++) await topic.viewer(`v${i}`);
      const reader = new SlowReader(options);
      reader.room = 1;
      await reader.count(1);
      expect(reader.items.length).toBeLessThan(300);
      while (!reader.items.includes('synced')) {
        reader.resume(1);
        await settled();
      }
      expect(reader.items).toHaveLength(301);
      expect(new Set(reader.items).size).toBe(301);
    },
  );

  test.each([{}, { topics: ['default'] }])(
    'is told of many members that left and came meanwhile, in parts, of each once: %o',
    async (options) => {
      const name = (sort: string) => Array.from({ length: 300 }, (_, i) => `${sort}${i}`);
      const before = await Promise.all(name('before').map((viewer) => topic.viewer(viewer)));
      const reader = new SlowReader(options);
      await reader.count(301);
      reader.room = 1;
      await topic.note(1);
      await reader.count(302);
      for (const viewer of before) await viewer.settle('left');
      for (const viewer of name('after')) await topic.viewer(viewer);
      await settled();
      const told = () => reader.items.slice(302);
      expect(told()).toEqual([]);
      const resumed = () => {
        reader.resume(1);
        return told().length;
      };
      await expect.poll(resumed).toBeGreaterThanOrEqual(600);
      await settled();
      const left = reader.ids.slice(302).filter((id) => id !== undefined);
      expect(left.toSorted()).toEqual(before.map(({ id }) => id).toSorted());
      expect(told()).toEqual([
        ...before.map(() => 'left'),
        ...name('after').map((viewer) => `viewer open ${viewer} now`),
      ]);
    },
  );

  test('gets the settlement of an event that was settled meanwhile from the log, and nothing else of it', async () => {
    const { reply, other, reader } = await live();
    reader.room = 1;
    await reply.append('b');
    await reader.count(6);
    await other.append('y');
    await settled();
    await other.settle('aborted');
    await settled();
    reader.resume();
    await reader.count(7);
    expect(reader.items.slice(6)).toEqual(['reply aborted zy']);
  });
});

test('an update is encoded once for all of a group, and so is an open event for all who join', async () => {
  const reply = await topic.reply('a');
  const readers = Array.from({ length: 50 }, () => new SlowReader());
  for (const reader of readers) await reader.count(2);
  encoded.clear();
  await reply.append('b');
  await topic.note(1);
  for (const reader of readers) await reader.count(4);
  expect(encoded.size).toBe(2);
  encoded.clear();
  const later = Array.from({ length: 50 }, () => new SlowReader());
  for (const reader of later) await reader.count(2);
  expect([...encoded].filter(({ type }) => type === 'reply')).toHaveLength(1);
  expect(encoded.size).toBe(51); // each has a stream_synced of its own
});

test('[V7] an event whose opening was erased is told to nobody any more', async () => {
  const [kept, gone] = [await topic.reply('kept'), await topic.reply('gone')];
  const reader = new SlowReader();
  await reader.count(3);
  // As a node erases it that does not forget what is open.
  const { epoch } = await broker.bounds('default');
  await broker.erase('default', epoch, [2], [erasureEntry('reply', [{ seq: 2 }], 'notice')]);
  await reader.count(4);
  await gone.append('!');
  await kept.append('!');
  expect((await reader.count(5)).slice(3)).toEqual(['gap', '+!@4']);
  const late = new SlowReader();
  expect(await late.count(2)).toEqual(['reply open kept! now', 'synced']);
});

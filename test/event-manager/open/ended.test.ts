import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EventManager, MemoryBroker } from '../../../server/index.ts';
import { settled } from '../../support/turns.ts';
import { HandBroker, replyOf } from './hand-broker.ts';
import { SlowReader } from './slow-reader.ts';
import { catalog, collect, type Events, OpenTopic, shorts } from './world.ts';

let broker: MemoryBroker;
let manager: EventManager<Events>;
let topic: OpenTopic;

beforeEach(() => {
  broker = new MemoryBroker({ retention: { note: { records: 1000 }, reply: { records: 2 } } });
  manager = new EventManager({ broker, catalog });
  topic = new OpenTopic(broker);
});
afterEach(() => manager.close());

describe('an event whose settlement is not for a subscriber is over for it', () => {
  test.each([{}, { topics: ['default'] }, { every: 20 }])(
    'its own answer, with echo: false: %o',
    async (more) => {
      const asked = await topic.approval('deploy', 'ada');
      using boss = collect(manager, { echo: false, subject: 'boss', ...more });
      using other = collect(manager, { echo: false, subject: 'eve', ...more });
      using all = collect(manager, more);
      for (const stream of [boss, other, all]) await stream.count(2);
      await asked.settle('answered', { allow: true }, 'boss');
      for (const stream of [boss, other, all]) await stream.count(3);
      await topic.note(1);
      for (const stream of [boss, other, all]) await stream.count(4);
      const before = ['approval open deploy now', 'synced'];
      expect(shorts(boss.items)).toEqual([...before, 'answered', 'note 1']);
      expect(shorts(other.items)).toEqual([...before, 'approval answered deploy', 'note 1']);
      expect(shorts(all.items)).toEqual(shorts(other.items));
      expect(boss.items[2]).toMatchObject({
        event_type: 'stream_update',
        data: { id: asked.id, state: 'answered' },
      });
    },
  );

  test('a text that does not match the filter any more', async () => {
    const options = { filter: { text: { prefix: 'a' } } } as object;
    using stream = collect(manager, options);
    using every = collect(manager);
    await stream.count(1);
    // Each of them in one turn of the event loop too: then the change comes after the settlement.
    const reply = await topic.reply('a');
    await reply.settle('done');
    const other = await topic.reply('b');
    const begun = await topic.reply('a');
    await settled();
    begun.text = 'b';
    await begun.settle('done');
    await other.settle('done');
    await topic.reply('ab');
    await every.count(8);
    expect(shorts(stream.items)).toEqual([
      ...['synced', 'reply open a', 'reply done a', 'reply open a', 'done', 'reply open ab'],
    ]);
  });

  test('one that was begun and settled at once', async () => {
    using boss = collect(manager, { echo: false, subject: 'boss' });
    await boss.count(1);
    const [asked] = [await topic.approval('deploy', 'ada')];
    await asked.settle('answered', { allow: true }, 'boss');
    await boss.count(3);
    expect(shorts(boss.items)).toEqual(['synced', 'approval open deploy', 'answered']);
  });

  test('one that did not see it is told nothing', async () => {
    using ada = collect(manager, { echo: false, subject: 'ada' });
    using notes = collect(manager, { types: ['note'], filter: { text: { ne: 'x' } } });
    await Promise.all([ada.count(1), notes.count(1)]);
    const asked = await topic.approval('deploy', 'ada');
    await settled();
    await asked.settle('withdrawn');
    await topic.note(1);
    await Promise.all([ada.count(2), notes.count(2)]);
    for (const stream of [ada, notes]) expect(shorts(stream.items)).toEqual(['synced', 'note 1']);
  });
});

describe('[O6] a slow reader', () => {
  test.each([{}, { topics: ['default'] }, { every: 20 }])(
    'is told the end of an event whose settlement is gone from the log, and of no other: %o',
    async (options) => {
      const [gone, kept] = [await topic.reply('gone'), await topic.approval('kept')];
      const reader = new SlowReader(manager, options);
      await reader.count(3);
      reader.room = 1;
      await topic.note(1);
      await reader.count(4);
      await settled();
      await gone.settle('done');
      await kept.settle('answered', { allow: true });
      for (let n = 0; n < 3; n++) await (await topic.reply(`${n}`)).settle('done');
      for (let n = 0; n < 1100; n++) await topic.note(n); // more than a hub remembers
      await settled();
      reader.resume();
      await expect.poll(() => reader.items).toContain('lost');
      await settled();
      await topic.note(2);
      await expect.poll(() => reader.items.at(-1)).toBe('note 2');
      expect(reader.items.filter((item) => item === 'lost')).toHaveLength(1);
      expect(reader.items.slice(4)).toContain('gap');
      expect(reader.items).toContain('approval answered kept');
      expect(reader.ids.at(reader.items.indexOf('lost'))).toBe(gone.id);
    },
  );

  test('is told the end of an event whose settlement its filter hides', async () => {
    const asked = await topic.approval('deploy', 'ada');
    const reader = new SlowReader(manager, { echo: false, subject: 'boss' });
    await reader.count(2);
    reader.room = 1;
    await topic.note(1);
    await reader.count(3);
    await asked.settle('answered', { allow: true }, 'boss');
    await settled();
    reader.resume();
    expect((await reader.count(4)).slice(3)).toEqual(['lost']);
  });

  test('is told nothing more of an event that was erased', async () => {
    const erased = await topic.reply('secret');
    const reader = new SlowReader(manager);
    await reader.count(2);
    reader.room = 1;
    await topic.note(1);
    await reader.count(3);
    await manager.erase({ types: ['reply'], filter: {} });
    await settled();
    reader.resume();
    await topic.note(2);
    await expect.poll(() => reader.items.at(-1)).toBe('note 2');
    expect(reader.items.slice(3).filter((item) => item !== 'gap')).toEqual(['note 2']);
    await expect(erased.append('!')).rejects.toMatchObject({ code: 'NOT_OPEN' });
  });
});

describe('[O5] a hub that missed a settlement', () => {
  test.each(['change', 'set'])('tells the end of its event, as a %s has it', async (how) => {
    await manager.close();
    const hand = new HandBroker();
    broker = hand;
    manager = new EventManager({ broker, catalog });
    hand.now = { rev: 2, events: [replyOf('x', 'a', 1, 'e:1'), replyOf('y', 'b', 2, 'e:1')] };
    using stream = collect(manager);
    await stream.count(3);
    hand.now = { rev: 3, events: [replyOf('y', 'b', 2, 'e:1')], at: { epoch: hand.epoch, seq: 5 } };
    hand.sink.gap({
      from: { epoch: hand.epoch, seq: 0 },
      to: { epoch: hand.epoch, seq: 5 },
      lost: 5,
      reason: 'trimmed',
    });
    if (how === 'change') hand.change(3, 5, { kind: 'settled', id: 'x', state: 'done' });
    else hand.told.set(hand.set());
    await stream.count(5);
    expect(shorts(stream.items).slice(3)).toEqual(['gap', how === 'change' ? 'done' : 'lost']);
    hand.change(4, 5, { kind: 'appended', id: 'y', offset: 1, text: '!' });
    await stream.count(6);
    expect(shorts(stream.items).at(-1)).toBe('+!@1');
  });
});

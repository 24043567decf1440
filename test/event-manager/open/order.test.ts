import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { EventManager } from '../../../server/index.ts';
import { toLogEntry } from '../../../shared/log.ts';
import { settled } from '../../support/turns.ts';
import { HandBroker, replyOf, settlementOf, viewerOf } from './hand-broker.ts';
import { catalog, collect, type Events, shorts } from './world.ts';

let broker: HandBroker;
let manager: EventManager<Events>;

beforeEach(() => {
  broker = new HandBroker();
  manager = new EventManager({ broker, catalog });
  if (!broker.open) throw new Error('no open sets');
  vi.spyOn(broker.open, 'read').mockImplementation(async () => {
    broker.reads++;
    return broker.set();
  });
});
afterEach(async () => {
  await manager.close();
  vi.restoreAllMocks();
});

const note = (text: string) =>
  broker.publish('default', [toLogEntry(catalog, { event_type: 'note', data: { text } })]);
const settle = (id: string, text: string) => broker.publish('default', [settlementOf(id, text)]);
const openingOf = (id: string, text: string) => replyOf(id, text, 0, '').entry;
const items = (stream: ReturnType<typeof collect>) => shorts(stream.items);
const place = (seq: number) => ({ epoch: broker.epoch, seq });

/** A subscriber of a topic with one open reply, of text `ab`. */
async function following() {
  await note('0');
  broker.now = { rev: 2, events: [replyOf('a', 'ab', 2, 'e:1')] };
  const stream = collect(manager);
  await stream.count(2);
  expect(items(stream)).toEqual(['reply open ab now', 'synced']);
  return stream;
}

describe('[O2] a change that comes before the records it was made after', () => {
  test('waits for them', async () => {
    using stream = await following();
    broker.flows = false;
    await note('1');
    await note('2');
    broker.change(3, 2, { kind: 'appended', id: 'a', offset: 2, text: 'c' });
    broker.told.ephemeral(
      {
        type: 'typing',
        id: 'x',
        json: JSON.stringify({
          event_type: 'typing',
          timestamp: '2026-01-01T00:00:00Z',
          data: { who: 'Bob' },
        }),
      },
      place(3),
    );
    await settled();
    expect(items(stream)).toHaveLength(2);
    broker.flow();
    await stream.count(6);
    expect(items(stream).slice(2)).toEqual(['note 1', '+c@2', 'note 2', 'typing Bob now']);
  });

  test('is told before them if it says that it was made before: the control', async () => {
    using stream = await following();
    broker.flows = false;
    await note('1');
    broker.change(3, 1, { kind: 'appended', id: 'a', offset: 2, text: 'c' });
    await settled();
    broker.flow();
    await stream.count(4);
    expect(items(stream).slice(2)).toEqual(['+c@2', 'note 1']);
  });

  test('waits where the records themselves wait [V4], and a joiner meanwhile gets the set as it was', async () => {
    using stream = await following();
    const newer = toLogEntry(catalog, { event_type: 'note', data: { text: '1' } });
    await broker.publish('default', [{ ...newer, version: 2, validatedBy: {} }]);
    broker.change(3, 2, { kind: 'appended', id: 'a', offset: 2, text: 'c' });
    await settled();
    expect(items(stream)).toHaveLength(2);
    using late = collect(manager);
    await late.count(2);
    expect(items(late)).toEqual(['reply open ab now', 'synced']);
  });
});

describe('[O5] a change that does not follow on the one before', () => {
  test('makes the hub read the set again, and subscribers are told how it is now', async () => {
    using stream = await following();
    broker.change(3, 1, { kind: 'begun', event: viewerOf('v', 'Ada', 3, 'e:1') });
    await stream.count(3);
    broker.now = {
      rev: 6,
      events: [replyOf('a', 'abcd', 5, 'e:1'), viewerOf('w', 'Eve', 6, 'e:1')],
    };
    broker.change(6, 1, { kind: 'begun', event: viewerOf('w', 'Eve', 6, 'e:1') });
    await stream.count(6);
    broker.change(7, 1, { kind: 'appended', id: 'a', offset: 4, text: 'e' });
    await stream.count(7);
    expect(items(stream).slice(2)).toEqual([
      'viewer open Ada now',
      'lost',
      'reply open abcd now',
      'viewer open Eve now',
      '+e@4',
    ]);
    expect(broker.reads).toBe(1);
    expect(stream.items[3]).toMatchObject({ data: { id: 'v', state: 'lost' } });
  });

  test('does not where it follows: the control', async () => {
    using stream = await following();
    for (const [index, text] of ['c', 'd', 'e', 'f'].entries())
      broker.change(3 + index, 1, { kind: 'appended', id: 'a', offset: 2 + index, text });
    await stream.count(6);
    expect(broker.reads).toBe(0);
  });

  test('changes that come while the set is read are told once: those after it', async () => {
    using stream = await following();
    broker.now = { rev: 6, events: [replyOf('a', 'abcdef', 6, 'e:1')] };
    broker.change(5, 1, { kind: 'appended', id: 'a', offset: 4, text: 'e' });
    broker.change(6, 1, { kind: 'appended', id: 'a', offset: 5, text: 'f' });
    broker.change(7, 1, { kind: 'appended', id: 'a', offset: 6, text: 'g' });
    await stream.count(4);
    expect(items(stream).slice(2)).toEqual(['reply open abcdef now', '+g@6']);
    expect(broker.reads).toBe(1);
  });
});

describe('[O3] an event whose settlement has passed', () => {
  test('is not told to a joiner, though the change that tells so has not come yet', async () => {
    using stream = await following();
    await settle('a', 'abc');
    await stream.count(3);
    using late = collect(manager);
    await late.count(1);
    expect(items(late)).toEqual(['synced']);
    broker.change(3, 2, { kind: 'appended', id: 'a', offset: 2, text: 'c' });
    broker.change(4, 2, { kind: 'settled', id: 'a', state: 'done' });
    await note('1');
    await late.count(2);
    expect(items(late)).toEqual(['synced', 'note 1']);
  });

  test('is not brought back by a set from before it', async () => {
    using stream = await following();
    await settle('a', 'abc');
    await stream.count(3);
    broker.now = {
      rev: 5,
      at: place(1),
      events: [replyOf('a', 'ab', 2, 'e:1'), viewerOf('v', 'Ada', 5, 'e:1')],
    };
    broker.change(5, 1, { kind: 'begun', event: viewerOf('v', 'Ada', 5, 'e:1') });
    await stream.count(4);
    expect(items(stream).slice(2)).toEqual(['reply done abc', 'viewer open Ada now']);
  });

  test('is told again by a set from after it: the control', async () => {
    using stream = await following();
    await settle('a', 'abc');
    await stream.count(3);
    broker.now = { rev: 5, at: place(2), events: [replyOf('a', 'ab', 2, 'e:1')] };
    broker.change(5, 2, { kind: 'begun', event: viewerOf('v', 'Ada', 5, 'e:1') });
    await stream.count(4);
    expect(items(stream).slice(2)).toEqual(['reply done abc', 'reply open ab now']);
  });
});

describe('[O10] another epoch of the log', () => {
  test('empties the set; what is told of the one before is left out, and revisions begin again', async () => {
    using stream = await following();
    broker.change(3, 9, { kind: 'appended', id: 'a', offset: 2, text: 'never' }); // its record is lost with the log
    const [from, to] = [place(1), { epoch: 'b', seq: 0 }];
    broker.sink.gap({ from, to, lost: null, reason: 'epoch_changed' });
    broker.told.change({
      at: { epoch: 'b', seq: 0 },
      rev: 1,
      kind: 'begun',
      event: viewerOf('v', 'Ada', 1, 'b:0'),
    });
    await stream.count(4);
    expect(items(stream).slice(2)).toEqual(['gap', 'viewer open Ada now']);
    using late = collect(manager);
    await late.count(2);
    expect(items(late)).toEqual(['viewer open Ada now', 'synced']);
    expect(broker.reads).toBe(0);
  });
});

test('events of a set that are not valid are left out, and counted as malformed', async () => {
  const good = viewerOf('v', 'Ada', 1, 'e:0');
  const foreign = (json: string) => ({ ...good.entry, json, validatedBy: {} });
  const bad = { ...good, id: 'w', rev: 2, entry: foreign(good.entry.json.replace('"Ada"', '7')) };
  const other = { ...viewerOf('x', 'Eve', 3, 'e:0'), kind: 'question' as const };
  broker.now = { rev: 3, events: [good, bad, other] };
  using stream = collect(manager);
  await stream.count(2);
  expect(items(stream)).toEqual(['viewer open Ada now', 'synced']);
  expect(manager.stats().errors.malformed).toBe(1);
});

test('[O3] a subscriber who joins between the record of an opening and its change is told the event', async () => {
  using early = await following();
  await broker.publish('default', [openingOf('b', '')]);
  await early.count(3);
  using late = collect(manager);
  await late.count(2);
  expect(items(late)).toEqual(['reply open ab now', 'synced']);
  broker.change(3, 2, { kind: 'begun', event: replyOf('b', '', 3, `${broker.epoch}:2`) });
  await late.count(3);
  expect(items(late).at(-1)).toBe('reply open  now');
  await broker.publish('default', [openingOf('c', '')]);
  await late.count(4);
  broker.change(4, 3, { kind: 'begun', event: replyOf('c', '', 4, `${broker.epoch}:3`) });
  await settled();
  expect(items(late)).toHaveLength(4); // the control: nobody joined in between
});

test('a listener is called once for an opening, and it is counted once, though it is told again as it is', async () => {
  using early = await following();
  const seen: string[] = [];
  manager.addListener((event, { cursor }) => void (event.event_type === 'reply' && seen.push(cursor)));
  await broker.publish('default', [openingOf('b', '')]);
  await early.count(3);
  using late = collect(manager);
  await late.count(2);
  broker.change(3, 2, { kind: 'begun', event: replyOf('b', '', 3, `${broker.epoch}:2`) });
  await late.count(3); // told by its change to who joined in between
  await broker.publish('default', [openingOf('c', '')]);
  await late.count(4);
  const [a, b, c] = [
    replyOf('a', 'ab', 2, 'e:1'),
    replyOf('b', '', 3, `${broker.epoch}:2`),
    replyOf('c', '', 4, `${broker.epoch}:3`),
  ];
  broker.told.set({ at: place(3), rev: 9, events: [a, b, c] }); // its change was missed
  await late.count(5);
  expect(items(late).slice(2)).toEqual(['reply open  now', 'reply open ', 'reply open  now']);
  expect(seen).toEqual([2, 3].map((seq) => `${broker.epoch}:${seq}`));
  expect(manager.stats().received['reply']).toBe(2);
});

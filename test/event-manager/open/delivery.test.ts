import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EventManager, MemoryBroker } from '../../../server/index.ts';
import { catalog, collect, type Events, OpenTopic, short, shorts } from './world.ts';

let broker: MemoryBroker;
let manager: EventManager<Events>;
let topic: OpenTopic;

beforeEach(() => {
  broker = new MemoryBroker();
  manager = new EventManager({ broker, catalog });
  topic = new OpenTopic(broker);
});
afterEach(() => manager.close());

describe('a live subscriber', () => {
  test('[O2] gets each change in its place among the records around it, with the cursor of the last record', async () => {
    using stream = collect(manager);
    await stream.count(1);
    await topic.note(1);
    const reply = await topic.reply('a');
    await reply.append('b');
    await topic.note(2);
    await reply.append('c');
    const viewer = await topic.viewer('Ada');
    await viewer.replace({ name: 'Eve' });
    await topic.typing('Bob');
    const approval = await topic.approval('deploy');
    await reply.settle('done');
    await viewer.settle('left');
    await approval.settle('answered', { allow: true });
    await stream.count(13);
    expect(shorts(stream.items)).toEqual([
      'synced',
      'note 1',
      'reply open a',
      '+b@1',
      'note 2',
      '+c@2',
      'viewer open Ada now',
      '= Eve',
      'typing Bob now',
      'approval open deploy',
      'reply done abc',
      'left',
      'approval answered deploy',
    ]);
    expect(stream.cursors.map((cursor) => cursor.split(':')[1])).toEqual([
      '0',
      '1',
      '2',
      '2',
      '3',
      '3',
      '3',
      '3',
      '3',
      '4',
      '5',
      '5',
      '6',
    ]);
  });
});

describe('a subscriber that comes later', () => {
  test('[O3] gets each open event once, as it is now, before stream_synced, and what comes after', async () => {
    const reply = await topic.reply();
    for (let i = 0; i < 50; i++) await reply.append(`${i % 10}`);
    const gone = await topic.reply('x');
    await gone.settle('done');
    await topic.viewer('Ada');
    await topic.approval('deploy');
    await topic.note(1);
    using stream = collect(manager);
    await stream.count(4);
    expect(shorts(stream.items)).toEqual([
      `reply open ${'0123456789'.repeat(5)} now`,
      'viewer open Ada now',
      'approval open deploy now',
      'synced',
    ]);
    expect(new Set(stream.cursors).size).toBe(1);
    await reply.append('!');
    await stream.count(5);
    expect(shorts(stream.items).at(4)).toBe('+!@50');
  });

  test('[O3] from a cursor gets the records since, then each open event', async () => {
    const cursor = await topic.note(1);
    const reply = await topic.reply('a');
    await reply.append('b');
    const done = await topic.reply('x');
    await done.append('y');
    await done.settle('done');
    using stream = collect(manager, { since: cursor });
    await stream.count(5);
    expect(shorts(stream.items)).toEqual([
      'reply open a',
      'reply open x',
      'reply done xy',
      'reply open ab now',
      'synced',
    ]);
  });

  test('[O9] gets of the open set what its types and its filter let through', async () => {
    await topic.reply('a');
    await topic.viewer('Ada', undefined, 'blue');
    await topic.viewer('Eve', undefined, 'red');
    using types = collect(manager, { types: ['reply'] });
    using blue = collect(manager, { types: ['viewer'], filter: { room: 'blue' } });
    await types.count(2);
    await blue.count(2);
    expect(shorts(types.items)).toEqual(['reply open a now', 'synced']);
    expect(shorts(blue.items)).toEqual(['viewer open Ada now', 'synced']);
  });
});

describe('a filter', () => {
  test('sees a presence as it is: one that comes into sight is told whole, one that goes out of sight has left', async () => {
    const ada = await topic.viewer('Ada', undefined, 'red');
    using stream = collect(manager, { types: ['viewer'], filter: { room: 'blue' } });
    await stream.count(1);
    await ada.replace({ name: 'Ada', room: 'blue' });
    await ada.replace({ name: 'Ada L.', room: 'blue' });
    await ada.replace({ name: 'Secret', room: 'red' });
    await ada.settle('left');
    await topic.viewer('Eve', undefined, 'blue');
    await stream.count(5);
    expect(shorts(stream.items)).toEqual([
      'synced',
      'viewer open Ada now',
      '= Ada L.',
      'left',
      'viewer open Eve now',
    ]);
  });

  test('sees a growing event as it was begun, so it is seen from beginning to end or not at all', async () => {
    using stream = collect(manager, { types: ['reply'], filter: { agent_id: 'ego' } });
    await stream.count(1);
    const shadow = await topic.reply('', 'shadow');
    const ego = await topic.reply('', 'ego');
    await shadow.append('no');
    await ego.append('yes');
    await ego.settle('done');
    await stream.count(4);
    expect(shorts(stream.items)).toEqual(['synced', 'reply open ', '+yes@0', 'reply done yes']);
  });
});

test('several topics: updates are placed with their topic, and each open event is told before stream_synced', async () => {
  const other = new OpenTopic(broker, 'run-2');
  const first = new OpenTopic(broker, 'run-1');
  const a = await first.reply('a');
  const b = await other.reply('b');
  using stream = collect(manager, { topics: ['run-*'] });
  await stream.count(3);
  expect(shorts(stream.items.slice(0, 2)).toSorted()).toEqual(['reply open a now', 'reply open b now']);
  expect(shorts(stream.items).at(2)).toBe('synced');
  await a.append('1');
  await b.append('2');
  await a.settle('done');
  await stream.count(6);
  const of = (name: string) => shorts(stream.items.slice(3).filter((item) => item.topic === name));
  expect(of('run-1')).toEqual(['+1@1', 'reply done a1']);
  expect(of('run-2')).toEqual(['+2@1']);
  expect(stream.cursors.every((cursor) => /^~run-1:\w+:\d~run-2:\w+:1$/.test(cursor))).toBe(true);
});

test('a paced subscription gets each open event as it is at the end of an interval', async () => {
  const reply = await topic.reply('a');
  using stream = collect(manager, { every: 100 });
  await stream.count(2);
  const viewer = await topic.viewer('Ada');
  await stream.count(3);
  await reply.append('b');
  await reply.append('c');
  await viewer.replace({ name: 'Eve' });
  await topic.typing('Bob');
  await topic.typing('Cid');
  await stream.count(6);
  expect(shorts(stream.items.slice(0, 3))).toEqual(['reply open a now', 'synced', 'viewer open Ada now']);
  expect(shorts(stream.items.slice(3)).toSorted()).toEqual([
    'reply open abc now',
    'typing Cid now',
    'viewer open Eve now',
  ]);
  await viewer.settle('left');
  await reply.settle('done');
  await stream.count(8);
  expect(shorts(stream.items.slice(6)).toSorted()).toEqual(['left', 'reply done abc']);
});

test('listeners are called with openings, settlements and what is not stored, not with updates', async () => {
  const seen: string[] = [];
  await topic.viewer('before');
  manager.addListener((event) => void seen.push(short(event)));
  using stream = collect(manager);
  await stream.count(2);
  const reply = await topic.reply();
  await reply.append('a');
  await reply.settle('done');
  const viewer = await topic.viewer('Ada');
  await viewer.replace({ name: 'Eve' });
  await viewer.settle('left');
  await topic.typing('Bob');
  await stream.count(9);
  expect(seen).toEqual(['reply open ', 'reply done a', 'viewer open Ada now', 'typing Bob now']);
  expect(manager.stats().received).toMatchObject({ reply: 2, viewer: 1, typing: 1 });
});

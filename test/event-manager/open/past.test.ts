import { afterEach, beforeEach, expect, test } from 'vitest';
import { EventManager, MemoryBroker } from '../../../server/index.ts';
import type { LogEntry } from '../../../shared/log.ts';
import { settlementOf } from './hand-broker.ts';
import { catalog, collect, type Events, entryOf, type Item, OpenTopic, shorts } from './world.ts';

let broker: MemoryBroker;
let manager: EventManager<Events>;
let topic: OpenTopic;

beforeEach(() => {
  broker = new MemoryBroker();
  manager = new EventManager({ broker, catalog });
  topic = new OpenTopic(broker);
});
afterEach(() => manager.close());

/** A finished event, one that is open, one more that is finished, and a note. */
async function happened(): Promise<void> {
  const done = await topic.reply('a');
  const open = await topic.reply('b');
  await done.append('!');
  await open.append('?');
  await topic.note(1);
  await done.settle('done');
  const question = await topic.approval('deploy');
  await question.settle('answered', { allow: true });
}

const page = async (options: Parameters<typeof manager.history>[0] = {}) =>
  shorts((await manager.history(options)).items.map(({ event }) => event as Item));
const replayed = async (options: Parameters<typeof manager.replay>[0] = {}) => {
  const items: Item[] = [];
  for await (const [, item] of manager.replay({ speed: 1_000_000, ...options })) items.push(item as Item);
  return shorts(items);
};

const ONCE = ['reply open b?', 'note 1', 'reply done a!', 'approval answered deploy'];
const WITH_OPENINGS = [
  'reply open a',
  'reply open b?',
  'note 1',
  'reply done a!',
  'approval open deploy',
  'approval answered deploy',
];

test('[O7] history shows a finished event once, and an open one as it is now, in both directions', async () => {
  await happened();
  const { epoch } = await broker.bounds('default');
  expect(await page()).toEqual(ONCE);
  expect(await page({ since: `${epoch}:0` })).toEqual(ONCE);
  expect(await page({ openings: true })).toEqual(WITH_OPENINGS);
  expect(await page({ since: `${epoch}:0`, openings: true })).toEqual(WITH_OPENINGS);
  const { items } = await manager.history({ types: ['reply'], limit: 10 });
  expect(items[0]).toMatchObject({
    cursor: `${epoch}:2`,
    event: { open: { state: 'open' }, data: { text: 'b?' } },
  });
  expect(items[0]?.event).not.toHaveProperty('stored');
});

test('a page reads of the open set what it needs', async () => {
  const reads: string[] = [];
  const { read, find } = broker.open;
  broker.open.read = (...asked) => {
    reads.push('all');
    return read(...asked);
  };
  broker.open.find = (...asked) => {
    reads.push('one');
    return find(...asked);
  };
  const asked = async (options: Parameters<typeof page>[0] = {}) => {
    reads.length = 0;
    const events = await page(options);
    return { events, reads: [...reads] };
  };
  const { epoch } = await broker.bounds('default');
  for (const text of 'abc') await (await topic.reply(text)).settle('done');
  const finished = ['reply done a', 'reply done b', 'reply done c'];
  for (const options of [{}, { since: `${epoch}:0` }, { limit: 3 }, { types: ['reply' as const] }])
    expect(await asked(options)).toEqual({ events: finished, reads: [] });
  expect(await asked({ since: `${epoch}:0`, limit: 2 })).toEqual({ events: finished.slice(0, 2), reads: [] });
  const open = await topic.reply('d');
  await open.append('!');
  expect(await asked()).toEqual({ events: [...finished, 'reply open d!'], reads: ['one'] });
  expect(await asked({ types: ['note'] })).toEqual({ events: [], reads: [] });
  for (let n = 0; n < 20; n++) await topic.reply(`${n}`);
  const all = await asked();
  expect(all.reads).toEqual(['all']);
  expect(all.events.slice(3, 6)).toEqual(['reply open d!', 'reply open 0', 'reply open 1']);
  // A page that ends between opening and settlement shows the event on the next one.
  await open.settle('done');
  expect(await asked({ since: `${epoch}:0`, limit: 3 })).toEqual({ events: finished, reads: ['all'] });
  expect(await asked({ before: `${epoch}:8` })).toEqual({ events: finished, reads: ['one'] });
});

test('[O7] replay shows a finished event once, and an open one as it is now', async () => {
  await happened();
  expect(await replayed()).toEqual([...ONCE, 'synced']);
  expect(await replayed({ openings: true })).toEqual([...WITH_OPENINGS, 'synced']);
});

test('a subscription from a cursor gets openings and settlements as they were', async () => {
  await happened();
  using stream = collect(manager, { since: { last: 100 } });
  await stream.count(8);
  expect(shorts(stream.items).slice(0, 4)).toEqual([
    'reply open a',
    'reply open b',
    'note 1',
    'reply done a!',
  ]);
});

test('records from elsewhere pass with a valid open part alone', async () => {
  const good = { id: 'x', kind: 'growing', state: 'open', field: 'text' };
  const reply = (open: unknown, more: object = {}): LogEntry => ({
    ...entryOf('reply', { agent_id: 'shadow', text: 'a' }, { open, ...more }),
    validatedBy: {},
  });
  const approval = (state: string, more: object = {}): LogEntry => ({
    ...entryOf('approval', { tool: 'deploy' }, { open: { id: 'q', kind: 'question', state }, ...more }),
    validatedBy: {},
  });
  const wrong = [
    reply(null),
    reply({ ...good, id: '' }),
    reply({ ...good, id: 'x'.repeat(129) }),
    reply({ ...good, kind: 'question' }),
    reply({ ...good, state: 'answered' }),
    reply({ ...good, field: 'agent_id' }),
    reply(good, { answer: 1 }),
    approval('answered'),
    approval('answered', { answer: { allow: 'yes' } }),
    approval('expired', { answer: { allow: true } }),
    { ...entryOf('note', { text: '1' }, { open: { ...good } }), validatedBy: {} },
  ];
  const right = [
    reply(good),
    { ...settlementOf('x', 'ab'), validatedBy: {} },
    approval('expired'),
    approval('answered', { answer: { allow: true } }),
  ];
  await broker.publish('default', [...wrong, ...right]);
  const { items, gaps } = await manager.history({ openings: true });
  expect(items).toHaveLength(right.length);
  expect(gaps.filter(({ reason }) => reason === 'dropped')).toHaveLength(wrong.length);
  expect(manager.stats().errors.malformed).toBe(wrong.length);
});

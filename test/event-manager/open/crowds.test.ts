import { afterEach, beforeEach, expect, test } from 'vitest';
import { EventManager, MemoryBroker } from '../../../server/index.ts';
import { catalog, collect, type Events, type Live, OpenTopic, short, shorts } from './world.ts';

let broker: MemoryBroker;
let manager: EventManager<Events>;
let topic: OpenTopic;

beforeEach(() => {
  broker = new MemoryBroker();
  manager = new EventManager({ broker, catalog });
  topic = new OpenTopic(broker);
});
afterEach(() => manager.close());

async function viewers(count: number): Promise<Live[]> {
  const all: Live[] = [];
  for (let i = 0; i < count; i++) all.push(await topic.viewer(`v${i}`, `s${i}`));
  return all;
}

const members = (stream: ReturnType<typeof collect>) =>
  shorts(stream.items).filter((item) => item.startsWith('viewer open'));
const counts = (stream: ReturnType<typeof collect>) =>
  shorts(stream.items).filter((item) => item.includes('×'));

test('[O11] each of 500 members is told', async () => {
  await viewers(500);
  using stream = collect(manager);
  await stream.count(501);
  expect(members(stream)).toHaveLength(500);
});

test.each([{}, { topics: ['default'] }])(
  '[O11] above 500 a subscriber gets their number and its own; who asks for all gets all: %o',
  async (options) => {
    const all = await viewers(501);
    using mine = collect(manager, { ...options, subject: 's7' });
    using other = collect(manager, options);
    using every = collect(manager, { ...options, members: 'all' });
    using narrow = collect(manager, {
      ...options,
      types: ['viewer'],
      filter: { name: { in: ['v1', 'v2'] } },
    });
    await mine.count(3);
    await other.count(2);
    await every.count(502);
    await narrow.count(2);
    expect(shorts(mine.items)).toEqual(['viewer × 501', 'viewer open v7 now', 'synced']);
    expect(shorts(other.items)).toEqual(['viewer × 501', 'synced']);
    expect(shorts(narrow.items)).toEqual(['viewer × 2', 'synced']); // no more than it would see of them
    expect(members(every)).toHaveLength(501);
    expect(counts(every)).toEqual([]);

    await all[7]?.replace({ name: 'me' });
    await all[8]?.replace({ name: 'not me' });
    await all[9]?.settle('left');
    await topic.viewer('new', 's1000');
    await topic.viewer('newer', 's1001');
    await every.count(507);
    await expect.poll(() => counts(other).at(-1)).toBe('viewer × 502');
    expect(shorts(mine.items)).toContain('= me');
    expect(shorts(mine.items)).not.toContain('= not me');
    expect(members(other)).toEqual([]);
    expect(shorts(other.items).filter((item) => item === 'left' || item.startsWith('='))).toEqual([]);
    expect(counts(other).length).toBeLessThanOrEqual(3); // at the start, at once, and a second later
    expect(shorts(every.items).slice(502)).toEqual([
      '= me',
      '= not me',
      'left',
      'viewer open new now',
      'viewer open newer now',
    ]);
  },
);

test('[O11] when members go, and few are left, each is told again', async () => {
  using few = collect(manager);
  using mine = collect(manager, { subject: 's100' });
  using every = collect(manager, { members: 'all' });
  await few.count(1);
  const all = await viewers(510);
  await every.count(511);
  expect(members(few)).toHaveLength(500);
  await expect.poll(() => counts(few)[0]).toBe('viewer × 501');
  // Whoever is told the number lets go of all, so its own are told again.
  const begun = shorts(mine.items).indexOf('viewer × 501');
  expect(shorts(mine.items).slice(begun)).toEqual(['viewer × 501', 'viewer open v100 now']);
  for (const viewer of all.slice(0, 60)) await viewer.settle('left');
  await every.count(571);
  await expect.poll(() => members(few).length).toBe(950);
  expect(members(every)).toHaveLength(510);
  expect(counts(few).at(-1)).toBe('viewer × 450, each');
  expect(shorts(few.items).indexOf('viewer × 450, each')).toBe(few.items.length - 451);
  expect(counts(every)).toEqual([]);
  await all[100]?.settle('left');
  await expect.poll(() => shorts(few.items).at(-1)).toBe('left');
});

test('[O11] a listener is called once for each member, and each is counted once, whatever is told again', async () => {
  const seen: string[] = [];
  manager.addListener((event) => void seen.push(short(event)));
  using every = collect(manager, { members: 'all' });
  await every.count(1);
  const all = await viewers(501);
  await every.count(502);
  for (const viewer of all.slice(0, 51)) await viewer.settle('left');
  await every.count(553);
  expect(seen).toEqual(all.map((_, i) => `viewer open v${i} now`));
  expect(manager.stats().received).toMatchObject({ viewer: 501 });
});

test('[O11] a paced subscriber is told the number and its own, then each; nothing from before makes a member of it', async () => {
  const paced = { every: 50 };
  using mine = collect(manager, { ...paced, subject: 's100' });
  using other = collect(manager, paced);
  await other.count(1);
  const all = await viewers(501);
  await expect.poll(() => members(mine)).toContain('viewer open v100 now');
  await expect.poll(() => counts(mine)[0]).toBe('viewer × 501');
  await expect.poll(() => counts(other)[0]).toBe('viewer × 501');
  const from = other.items.findIndex(({ event_type }) => event_type === 'stream_update');
  expect(shorts(other.items).slice(from)).toEqual(['viewer × 501']);
  for (const viewer of all.slice(0, 51)) await viewer.settle('left');
  await expect.poll(() => counts(other).at(-1)).toBe('viewer × 450, each');
  await expect.poll(() => members(other).length).toBeGreaterThanOrEqual(450);
});

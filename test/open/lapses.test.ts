import { expect, test, vi } from 'vitest';
import * as z from 'zod';
import { EventManager } from '../../server/index.ts';
import { defineEvents, EventsError, growing, psycheEvents, versions } from '../../shared/index.ts';
import { logged, openSet, openWorld } from './world.ts';

const reply = { agent_id: 'shadow', text: '' };

test('[O8] an event whose owner is silent is settled within its lease and a second: once, by whichever node', async () => {
  const world = openWorld();
  world.make();
  world.make();
  const { opens } = world.manager;
  const owner = { ...(await opens.begin('reply', reply, { by: 'ada' })), by: 'ada' };
  await opens.append({ ...owner, at: 0, text: 'Let me' });
  await opens.begin('viewer', { name: 'Ada' });
  await opens.begin('approval', { tool: 'rm' }, { by: 'ada', timeoutMs: 20_000 });
  await world.clock.advance(14_999);
  expect(await openSet(world)).toHaveLength(3);
  await world.clock.advance(1_001);
  expect(await openSet(world)).toHaveLength(1);
  await world.clock.advance(5_000);
  expect(await openSet(world)).toEqual([]);
  const [, , aborted, expired, ...more] = await logged(world);
  expect(aborted).toMatchObject({ data: { text: 'Let me' }, open: { state: 'aborted' }, by: 'ada' });
  expect(expired).toMatchObject({ data: { tool: 'rm' }, open: { state: 'expired' } });
  expect(expired).not.toHaveProperty('by');
  expect(more).toEqual([]);
  await expect(opens.settle({ ...owner, state: 'done' })).rejects.toMatchObject({
    code: 'ALREADY_SETTLED',
    settled: { state: 'aborted' },
  });
});

test('[O8] an answer that comes after the deadline, before anybody has noticed, is told that the question expired', async () => {
  const world = openWorld();
  const { opens } = world.manager;
  await world.clock.advance(500); // nodes look for what has lapsed on the second
  const { id } = await opens.begin('approval', { tool: 'rm' }, { timeoutMs: 1000 });
  const { id: next } = await opens.begin('approval', { tool: 'ls' }, { timeoutMs: 2000 });
  await world.clock.advance(1_100);
  expect(await openSet(world)).toHaveLength(2);
  const answer = { allow: true };
  await expect(opens.answer('approval', { id, answer, by: 'boss' })).rejects.toMatchObject({
    code: 'ALREADY_SETTLED',
    settled: { state: 'expired' },
  });
  await opens.answer('approval', { id: next, answer, by: 'boss' }); // the control
  expect((await logged(world)).slice(2)).toMatchObject([
    { data: { tool: 'rm' }, open: { state: 'expired' } },
    { data: { tool: 'ls' }, open: { state: 'answered' }, answer },
  ]);
});

test('[O8] a lease that is renewed does not lapse', async () => {
  const world = openWorld();
  const { id, key } = await world.manager.opens.begin('viewer', { name: 'Ada' });
  for (let count = 0; count < 10; count++) {
    await world.clock.advance(10_000);
    await world.manager.opens.touch({ ids: [id], key, by: undefined });
  }
  expect(await openSet(world)).toHaveLength(1);
  await world.clock.advance(16_000);
  expect(await openSet(world)).toEqual([]); // the control
});

test('a text that is not valid is aborted with the data of the opening', async () => {
  const catalog = defineEvents({ reply: growing(z.object({ text: z.string().max(3) }), 'text') });
  const world = openWorld({ catalog });
  const { opens } = world.manager;
  const owner = { ...(await opens.begin('reply', { text: 'ab' })), by: undefined };
  await opens.append({ ...owner, at: 2, text: 'cdef' });
  await world.clock.advance(16_000);
  expect(await logged(world)).toMatchObject([{}, { data: { text: 'ab' }, open: { state: 'aborted' } }]);
});

test('an event of a type that this catalog lacks is settled as it was begun', async () => {
  const world = openWorld();
  await world.manager.opens.begin('reply', { ...reply, text: 'Hm' });
  await world.manager.opens.begin('approval', { tool: 'rm' }, { timeoutMs: 1000 });
  const older = openWorld({
    catalog: defineEvents({ other: growing(z.object({ text: z.string() }), 'text') }),
  });
  Reflect.set(world.broker, 'close', async () => {});
  await world.manager.close();
  const manager = older.make({ broker: world.broker, clock: older.clock });
  await world.clock.advance(16_000);
  await older.clock.advance(1_000);
  expect(await logged(world)).toMatchObject([
    { open: { state: 'open' } },
    { open: { state: 'open' } },
    { data: { text: 'Hm' }, open: { state: 'aborted' } },
    { data: { tool: 'rm' }, open: { state: 'expired' } },
  ]);
  await manager.close();
});

test('more events than are looked at together are settled in one sweep', async () => {
  const world = openWorld();
  for (let count = 0; count < 250; count++)
    await world.manager.opens.begin('viewer', { name: String(count) }, { leaseMs: 1000 });
  await world.clock.advance(2_000);
  expect(await openSet(world)).toEqual([]);
});

test('events that cannot be settled hold up no others, and are settled once they can be', async () => {
  const lines: string[] = [];
  const log = (_: object, message: string) => lines.push(message);
  const world = openWorld({ logger: { debug: log, info: log, warn: log, error: log } });
  const { open } = world.broker;
  const settle = open.settle.bind(open);
  let tries = 0;
  let fails = true;
  open.settle = async (topic, settling) => {
    if (!fails || topic === 'other') return settle(topic, settling);
    tries++;
    throw new EventsError('TOO_LARGE', 'no room');
  };
  for (let count = 0; count < 250; count++)
    await world.manager.opens.begin('viewer', { name: '' }, { leaseMs: 1000, topic: `of-${count % 2}` });
  await world.manager.opens.begin('viewer', { name: '' }, { leaseMs: 1000, topic: 'other' });
  await world.clock.advance(1_000);
  expect(await openSet(world, 'other')).toEqual([]);
  await world.clock.advance(2_000);
  expect(tries).toBe(750); // each of them once a second
  expect(lines.filter((line) => line.includes('whose time is over'))).toHaveLength(1);
  fails = false;
  await world.clock.advance(1_000);
  expect([...(await openSet(world, 'of-0')), ...(await openSet(world, 'of-1'))]).toEqual([]);
});

test('a sweep that fails often ends, and the next one goes on with others', async () => {
  const world = openWorld({ maxOpen: 5_000 });
  const { open } = world.broker;
  const settle = open.settle.bind(open);
  let tries = 0;
  open.settle = async (topic, settling) => {
    if (topic === 'other') return settle(topic, settling);
    tries++;
    throw new EventsError('UNAVAILABLE', 'down');
  };
  for (let count = 0; count < 2500; count++)
    await world.manager.opens.begin('viewer', { name: '' }, { leaseMs: 2000, topic: 'first' });
  await world.manager.opens.begin('viewer', { name: '' }, { leaseMs: 2000, topic: 'other' });
  await world.clock.advance(2_000);
  expect(tries).toBe(1000);
  await world.clock.advance(2_000);
  expect(tries).toBe(2500);
  expect(await openSet(world, 'other')).toEqual([]);
});

test('an outage is logged once, and a later one again', async () => {
  const lines: string[] = [];
  const log = (_: object, message: string) => lines.push(message);
  const logger = { debug: log, info: log, warn: log, error: log };
  const world = openWorld({ logger });
  const { open } = world.broker;
  const lapsed = open.lapsed.bind(open);
  const down = async () => Promise.reject(new EventsError('UNAVAILABLE', 'down'));
  const failures = () => lines.filter((line) => line.includes('whose time is over'));
  open.lapsed = down;
  await world.clock.advance(5_000);
  expect(failures()).toHaveLength(1);
  open.lapsed = lapsed;
  await world.clock.advance(1_000);
  open.lapsed = down;
  await world.clock.advance(2_000);
  expect(failures()).toHaveLength(2);
});

test('a closed manager sweeps no more, and settles nothing', async () => {
  const world = openWorld();
  Reflect.set(world.broker, 'close', async () => {});
  await world.manager.opens.begin('viewer', { name: 'Ada' });
  await world.manager.close();
  await world.clock.advance(60_000);
  expect(await openSet(world)).toHaveLength(1);
  expect(world.clock.timers).toBe(0);
});

test('a manager of a catalog without open kinds sets no timer', () => {
  expect(openWorld({ catalog: psycheEvents }).clock.timers).toBe(0);
  expect(openWorld().clock.timers).toBe(1); // the control
});

const first = z.object({ text: z.string() });
const second = z.object({ text: z.string(), mood: z.string() });
const raised = versions(first, [second, (data) => ({ ...data, mood: 'calm' })]);

test.each([
  { what: 'type', older: defineEvents({ other: growing(first, 'text') }) },
  { what: 'version', older: defineEvents({ story: growing(first, 'text') }) },
])(
  '[O8] a node that does not know the $what of an event settles it with the text that it has',
  async ({ older }) => {
    const world = openWorld({ catalog: older });
    const { broker, clock } = world;
    const newer = new EventManager({
      broker,
      clock,
      catalog: defineEvents({ story: growing(raised, 'text') }),
    });
    const owner = { ...(await newer.opens.begin('story', { text: '', mood: 'gay' })), by: undefined };
    await newer.opens.append({ ...owner, at: 0, text: 'Once upon' });
    await clock.advance(16_000);
    expect(await openSet(world)).toEqual([]);
    const story = { data: { text: 'Once upon', mood: 'gay' }, open: { state: 'aborted' } };
    expect((await logged(world)).at(-1)).toMatchObject(story);
  },
);

test('[O10] an owner that is silent is told once that its event is not open any more, and begins it again', async () => {
  const { clock, manager } = openWorld();
  const onLost = vi.fn();
  const held = await manager.begin('reply', { ...reply, text: 'ab' }, { key: 'k', onLost });
  await clock.advance(60_000);
  expect(onLost).not.toHaveBeenCalled();
  await manager.opens.settle({ id: held.id, key: 'k', by: undefined, state: 'aborted' }); // as its lease would
  await clock.advance(60_000);
  expect(onLost).toHaveBeenCalledOnce();
  expect(await manager.begin('reply', reply, { key: 'k' })).toMatchObject({ settled: { state: 'aborted' } });
  const left = vi.fn();
  await (await manager.join('viewer', { name: 'Ada' }, { onLost: left })).close();
  await clock.advance(60_000);
  expect(left).not.toHaveBeenCalled();
});

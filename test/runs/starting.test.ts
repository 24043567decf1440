import { expect, test, vi } from 'vitest';
import { EventManager, JsonLogger, MemoryBroker, runs } from '../../server/index.ts';
import { defineEvents, psycheEvents, runEvents } from '../../shared/index.ts';
import { logged, openSet, refused } from '../open/world.ts';
import { settled } from '../support/turns.ts';
import { gate, runWorld, topic } from './world.ts';

test('work goes on without viewers, and what it returns ends the run as done', async () => {
  const world = runWorld();
  const { of } = world;
  const { opened, open } = gate();
  const run = await of.start(
    async ({ id, topic: own, input, publish, begin }) => {
      await publish('note', { text: JSON.stringify([id, own, input]) });
      await opened;
      const reply = await begin('reply', { agent_id: 'shadow', text: '' });
      void reply.append('Listen.');
      await reply.done();
    },
    { id: 'r1', kind: 'chat', input: { ask: ['Who?'] }, by: 'ada' },
  );
  expect(run).toMatchObject({ id: 'r1', started: true });
  const begun = {
    id: 'r1',
    kind: 'chat',
    input: { ask: ['Who?'] },
    by: 'ada',
    outcome: '',
    opened: run.cursor,
  };
  expect(await of.status('r1')).toMatchObject({ ...begun, state: 'running', cursor: run.cursor });
  expect(await of.list()).toMatchObject([{ id: 'r1', state: 'running' }]);
  open();
  const end = await run.ended;
  expect(end).toMatchObject({ state: 'done', outcome: '', by: 'ada' });
  expect(await of.status('r1')).toMatchObject({ ...begun, state: 'done', cursor: end.cursor });
  expect(await of.list()).toEqual([]);
  expect(await of.status('another')).toBeUndefined();
  const [opening, note, , reply, settlement] = await logged(world, topic);
  expect(opening).toMatchObject({ event_type: 'run', open: { state: 'open' }, by: 'ada' });
  expect(note).toMatchObject({ data: { text: '["r1","thread-7",{"ask":["Who?"]}]' } });
  expect(reply).toMatchObject({ data: { text: 'Listen.' }, open: { state: 'done' } });
  expect(settlement).toMatchObject({ event_type: 'run', open: { state: 'done' } });
});

test('the words of a failure are the same to whoever has started the run and to those who read the log', async () => {
  const { of } = runWorld();
  for (const [id, message, outcome] of [
    ['r1', '\u001b[31mno model\u001b[0m \ud83d', '[31mno model[0m \ufffd'],
    ['r2', '\u0007', 'The work failed, and did not say why'],
  ] as const) {
    const run = await of.start(() => Promise.reject(new Error(message)), { id });
    expect(await run.ended).toMatchObject({ state: 'failed', outcome });
    expect(await of.status(id)).toMatchObject({ state: 'failed', outcome });
  }
});

test('an error that work throws, at once or later, ends the run as failed, with its words', async () => {
  const error = vi.fn();
  const logger = Object.assign(new JsonLogger('error', () => {}), { error });
  const broker = new MemoryBroker();
  const manager = new EventManager({ broker, catalog: defineEvents({ ...runEvents }), logger });
  const of = runs(manager);
  const at = await of.start(() => {
    throw new Error('no model');
  });
  expect(await at.ended).toMatchObject({ state: 'failed', outcome: 'no model' });
  const later = await of.start(async () => Promise.reject('no tokens'));
  expect(await later.ended).toMatchObject({ state: 'failed', outcome: 'no tokens' });
  const wordless = await of.start(async () => Promise.reject(new Error('')));
  expect(await wordless.ended).toMatchObject({
    state: 'failed',
    outcome: expect.stringContaining('did not say'),
  });
  expect(await of.status(later.id)).toMatchObject({ state: 'failed', outcome: 'no tokens' });
  const unreadable = Object.defineProperty(new Error(), 'message', { value: Object.create(null) });
  for (const odd of [Object.create(null), unreadable]) {
    const run = await of.start(async () => Promise.reject(odd));
    expect(await run.ended).toMatchObject({
      state: 'failed',
      outcome: expect.stringContaining('did not say'),
    });
  }
  const { items } = await manager.history();
  expect(items.map(({ event }) => event.open?.reason)).toEqual(Array(5).fill('failed'));
  expect(error).toHaveBeenCalledTimes(5);
  await manager.close();
});

test('a run that is started again under its id runs once: here, by another subject, and after its end', async () => {
  const { of, manager } = runWorld();
  const { opened, open } = gate();
  const work = vi.fn(() => opened);
  const first = await of.start(work, { id: 'r1', by: 'ada' });
  const again = await of.start(work, { id: 'r1', by: 'ada' });
  const anothers = await of.start(work, { id: 'r1', by: 'bob' });
  expect([first.started, again.started, anothers.started]).toEqual([true, false, false]);
  expect([again.cursor, anothers.cursor]).toEqual([first.cursor, first.cursor]);
  const ends = Promise.all([first.ended, again.ended, anothers.ended]);
  await settled();
  open();
  const [end, ...others] = await ends;
  expect(end).toMatchObject({ state: 'done', by: 'ada' });
  expect(others).toEqual([end, end]);
  const late = await of.start(work, { id: 'r1', by: 'ada' });
  expect(late).toMatchObject({ started: false, cursor: first.cursor });
  expect(await late.ended).toEqual(end);
  expect(work).toHaveBeenCalledTimes(1);
  const { cursor, ...other } = await of.start(work, { id: 'r2', by: 'ada' }); // the control
  expect(other.started).toBe(true);
  expect(work).toHaveBeenCalledTimes(2);
  await manager.close();
});

test('an event that a run has begun and not settled is settled before it, and nothing more comes of it', async () => {
  const world = runWorld();
  let outside: (() => Promise<unknown>)[] = [];
  const onEnd = vi.fn();
  const run = await world.of.start(async ({ begin, publish }) => {
    outside = [
      () => publish('note', { text: 'late' }),
      () => begin('reply', { agent_id: 'shadow', text: 'late' }),
    ];
    const reply = await begin('reply', { agent_id: 'shadow', text: '' }, { onEnd });
    void reply.append('Let me');
    await begin('approval', { tool: 'deploy' });
    await begin('viewer', { name: 'Ada' });
  });
  expect(await run.ended).toMatchObject({ state: 'done' });
  expect(onEnd).toHaveBeenCalledTimes(1);
  expect(await openSet(world, topic)).toEqual([]);
  const ends = (await logged(world, topic)).filter(({ open }) => open?.state !== 'open');
  const states = ends.map(({ event_type, open }) => `${event_type} ${open?.state}`);
  expect(states.toSorted()).toEqual(['approval withdrawn', 'reply aborted', 'run done']);
  expect(states.at(-1)).toBe('run done');
  expect(ends).toContainEqual(expect.objectContaining({ data: { agent_id: 'shadow', text: 'Let me' } }));
  for (const late of outside) await expect(late()).rejects.toEqual(refused('CLOSED'));
  expect(await openSet(world, topic)).toEqual([]);
  expect(run.signal?.aborted).toBe(true); // whatever still goes on is told
});

test('control: an event that is begun past the run stays open, and one that the run has settled stays as it is', async () => {
  const world = runWorld();
  const run = await world.of.start(async ({ begin }) => {
    await world.manager.begin('reply', { agent_id: 'ego', text: '' }, { topic });
    const reply = await begin('reply', { agent_id: 'shadow', text: '' });
    await reply.done();
  });
  await run.ended;
  expect(await openSet(world, topic)).toHaveLength(1);
  const [done] = (await logged(world, topic)).filter(({ open }) => open?.state !== 'open');
  expect(done).toMatchObject({ event_type: 'reply', open: { state: 'done' } });
});

test('an id that is no text is refused where a run is looked for: no other run is found by it', async () => {
  const { of } = runWorld();
  const { opened, open } = gate();
  const run = await of.start(() => opened, { id: 'r1' });
  for (const id of [undefined, { ne: '' }, 5, ''] as never[]) {
    await expect(of.status(id)).rejects.toEqual(refused('INVALID_OPTION'));
    await expect(of.stop(id)).rejects.toEqual(refused('INVALID_OPTION'));
    expect(() => of.follow(id)).toThrow(refused('INVALID_OPTION'));
  }
  expect(await of.status('r1')).toMatchObject({ state: 'running' }); // the control
  open();
  await run.ended;
});

test('an id, an input and a catalog that cannot be are refused, and the work is not called', async () => {
  const { of } = runWorld();
  const work = vi.fn();
  await expect(of.start(work, { id: '' })).rejects.toEqual(refused('INVALID_OPTION'));
  await expect(of.start(work, { id: 'x'.repeat(129) })).rejects.toEqual(refused('INVALID_OPTION'));
  const tooLong = of.start(work, { input: 'x'.repeat(256 * 1024) });
  await expect(tooLong).rejects.toEqual(
    refused('INVALID_EVENT', { issues: [expect.objectContaining({ path: ['data', 'input'] })] }),
  );
  await expect(of.start(work, { input: { at: new Date() } as never })).rejects.toEqual(
    refused('INVALID_EVENT'),
  );
  expect(work).not.toHaveBeenCalled();
  const without = new EventManager({ broker: new MemoryBroker(), catalog: psycheEvents });
  // @ts-expect-error: the catalog has no runs
  expect(() => runs(without)).toThrow(
    refused('INVALID_OPTION', { message: expect.stringContaining('runEvents') }),
  );
});

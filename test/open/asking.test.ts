import { describe, expect, test } from 'vitest';
import { logged, openSet, openWorld } from './world.ts';

describe('ask', () => {
  test('waits for the answer, and tells who gave it', async () => {
    const world = openWorld();
    const asked = world.manager.ask('approval', { tool: 'rm' }, { topic: 'run-1', by: 'ada' });
    await world.clock.advance(0);
    const [question] = await openSet(world, 'run-1');
    const other = world.make(); // another node
    await other.answer('approval', question?.id ?? '', { allow: true }, { topic: 'run-1', by: 'boss' });
    expect(await asked).toEqual({ answer: { allow: true }, by: 'boss', state: 'answered' });
  });

  test('asked again with its key it waits for the same answer, and has it at once if there is one', async () => {
    const world = openWorld();
    const ask = () => world.manager.ask('approval', { tool: 'rm' }, { key: 'call-1', timeoutMs: 5_000 });
    const both = [ask(), ask()];
    await world.clock.advance(0);
    const [question, ...more] = await openSet(world);
    expect(more).toEqual([]);
    await world.manager.answer('approval', question?.id ?? '', { allow: false });
    const answer = { answer: { allow: false }, by: undefined, state: 'answered' };
    expect(await Promise.all([...both, ask()])).toEqual([answer, answer, answer]);
    expect(await logged(world)).toHaveLength(2);
  });

  test('a deadline ends it', async () => {
    const world = openWorld();
    const asked = world.manager.ask('approval', { tool: 'rm' }, { timeoutMs: 5_000 });
    await world.clock.advance(6_000);
    expect(await asked).toEqual({ answer: undefined, by: undefined, state: 'expired' });
  });

  test('its signal withdraws it', async () => {
    const world = openWorld();
    const controller = new AbortController();
    const { signal } = controller;
    const asked = world.manager.ask('approval', { tool: 'rm' }, { signal, by: 'ada' });
    await world.clock.advance(0);
    controller.abort(new Error('enough'));
    await expect(asked).rejects.toThrow('enough');
    await world.clock.advance(0);
    expect((await logged(world)).at(-1)).toMatchObject({ by: 'ada', open: { state: 'withdrawn' } });
    expect(await openSet(world)).toEqual([]);
    await expect(world.manager.ask('approval', { tool: 'rm' }, { signal })).rejects.toThrow('enough');
    expect(await logged(world)).toHaveLength(2);
  });

  test('closing the manager ends the wait, and leaves the question open', async () => {
    const world = openWorld();
    Reflect.set(world.broker, 'close', async () => {});
    const asked = world.manager.ask('approval', { tool: 'rm' });
    await world.clock.advance(0);
    await world.manager.close();
    await expect(asked).rejects.toMatchObject({ code: 'CLOSED' });
    expect(await openSet(world)).toHaveLength(1);
  });

  test('[V7] a question that was erased is not remembered: under its key it is asked anew', async () => {
    const world = openWorld();
    const first = await world.manager.opens.begin('approval', { tool: 'rm' }, { key: 'k' });
    await world.manager.answer('approval', first.id, { allow: true });
    await world.manager.erase({ filter: {} });
    await expect(world.manager.opens.find('default', first.id)).rejects.toMatchObject({ code: 'NOT_OPEN' });
    const again = await world.manager.opens.begin('approval', { tool: 'rm' }, { key: 'k' });
    expect(again).toMatchObject({ resumed: false });
    expect(again.settled).toBeUndefined();
    expect(again.id).not.toBe(first.id);
  });
});

describe('begin and join', () => {
  test('a handle writes, renews its lease and settles', async () => {
    const world = openWorld();
    const text = await world.manager.begin('reply', { agent_id: 'shadow', text: '' }, { leaseMs: 2_000 });
    await text.append('Let ');
    await world.clock.advance(60_000);
    expect(await openSet(world)).toHaveLength(1);
    void text.append('me ');
    void text.append('think');
    const done = text.done();
    await world.clock.advance(50);
    await done;
    expect((await logged(world)).at(-1)).toMatchObject({
      data: { text: 'Let me think' },
      open: { state: 'done' },
    });
  });

  test('a writer that starts anew with its key goes on after what is there', async () => {
    const world = openWorld();
    const begin = () => world.manager.begin('reply', { agent_id: 'shadow', text: '' }, { key: 'k' });
    await (await begin()).append('one ');
    await world.clock.advance(50);
    const again = await begin();
    expect(again.resumed).toBe(true);
    await again.append('two');
    await again.done();
    expect((await logged(world)).at(-1)).toMatchObject({ data: { text: 'one two' } });
    expect((await begin()).settled).toMatchObject({ state: 'done' });
  });

  test('a member is there until its handle is closed', async () => {
    const world = openWorld();
    const me = await world.manager.join('viewer', { name: 'Ada' }, { topic: 'run-1', by: 'ada' });
    await world.clock.advance(60_000);
    await me.update({ name: 'Bea' });
    const { items } = await world.manager.openEvents({ topic: 'run-1', types: ['viewer'] });
    expect(items).toMatchObject([{ event: { data: { name: 'Bea' }, by: 'ada', stored: false } }]);
    expect(() => Object.assign(items[0]?.event.data ?? {}, { name: 'x' })).toThrow(TypeError); // frozen
    await me.close();
    expect(await openSet(world, 'run-1')).toEqual([]);
  });

  test('handles stop with their manager', async () => {
    const world = openWorld();
    await world.manager.join('viewer', { name: 'Ada' });
    await world.manager.close();
    await world.clock.advance(60_000);
    expect(world.clock.timers).toBe(0);
  });

  test('a topic that nobody wrote to has nothing open, and a filter has to fit', async () => {
    const { manager } = openWorld();
    expect((await manager.openEvents({ topic: 'none' })).items).toEqual([]);
    await expect(
      manager.openEvents({ types: ['viewer'], filter: { agent_id: 'x' } as never }),
    ).rejects.toMatchObject({
      code: 'INVALID_FILTER',
    });
  });
});

import { describe, expect, test } from 'vitest';
import { type Claims, createAppRouter, EventManager, MemoryBroker, Sessions } from '../../server/index.ts';
import type { Allowance } from '../../server/limits/publish-rate.ts';
import { EventsError } from '../../shared/index.ts';
import { openCatalog } from '../open/world.ts';
import { ALL } from './harness.ts';

const everything: Claims = { ...ALL, answer: ['*'] };

/** Callers with claims of their own at one server. */
function setUp() {
  const manager = new EventManager({ broker: new MemoryBroker(), catalog: openCatalog });
  const router = createAppRouter(manager);
  const sessions = new Sessions();
  return {
    manager,
    as: (id: string, claims: Claims = everything, allowance?: Allowance) =>
      router.createCaller({ session: sessions.open({ id, claims }), ...(allowance && { allowance }) }),
    nobody: router.createCaller({}),
    [Symbol.asyncDispose]: () => manager.close(),
  };
}

const refused = (code: string) => expect.objectContaining({ cause: expect.objectContaining({ code }) });
const reply = { data: { agent_id: 'shadow', text: '' } };

describe('[O9] rights of open events', () => {
  test('beginning, changing and settling need the right to publish the type', async () => {
    await using server = setUp();
    const caller = server.as('eve', { publish: ['note'], subscribe: ['*'], topics: ['*'] });
    const { id, key } = await server.as('ada').begin.reply(reply);
    const calls = [
      caller.begin.reply(reply),
      caller.append({ id, key, at: 0, text: 'x' }),
      caller.touch({ ids: [id], key }),
      caller.settle({ id, key, state: 'done' }),
      caller.update({ id, key, data: {} }),
    ];
    for (const call of calls) await expect(call).rejects.toEqual(refused('FORBIDDEN'));
    const { items } = await server.nobody.open();
    expect(items).toMatchObject([{ event: { data: { text: '' } } }]);
  });

  test('an id tells nothing to whoever may not publish its type: one that exists is refused as one that does not', async () => {
    await using server = setUp();
    const { id, key } = await server.as('ada').begin.reply(reply);
    const caller = server.as('eve', { publish: ['viewer'], subscribe: [], topics: ['*'] });
    const messages = await Promise.all(
      [id, 'reply.none'].map((each) =>
        caller.append({ id: each, key, at: 0, text: 'x' }).catch((error: Error) => error.message),
      ),
    );
    expect(messages).toEqual(Array(2).fill('On topic default you may not publish reply.'));
    // Such an id names no type: whoever may begin something is told that it is none, anybody else nothing.
    await expect(caller.append({ id: 'none', key, at: 0, text: 'x' })).rejects.toEqual(refused('NOT_OPEN'));
    const reader = server.as('bob', { subscribe: ['*'], topics: ['*'] });
    await expect(reader.append({ id: 'none', key, at: 0, text: 'x' })).rejects.toEqual(refused('FORBIDDEN'));
    const elsewhere = server.as('carl', { ...everything, topics: ['other'] });
    await expect(elsewhere.append({ id, key, at: 0, text: 'x' })).rejects.toEqual(refused('FORBIDDEN'));
    await expect(elsewhere.append({ topic: 'other', id, key, at: 0, text: 'x' })).rejects.toEqual(
      refused('NOT_OPEN'),
    );
  });

  test('only its owner changes an event: the same subject, with its key', async () => {
    await using server = setUp();
    const [ada, eve] = [server.as('ada'), server.as('eve')];
    const { id, key } = await ada.begin.reply(reply);
    for (const [caller, with_] of [
      [eve, key],
      [ada, 'guess'],
      [server.nobody, key],
    ] as const) {
      await expect(caller.append({ id, key: with_, at: 0, text: 'x' })).rejects.toEqual(refused('FORBIDDEN'));
      await expect(caller.settle({ id, key: with_, state: 'done' })).rejects.toEqual(refused('FORBIDDEN'));
      expect(await caller.touch({ ids: [id], key: with_ })).toEqual({ notOpen: [id] });
    }
    await ada.settle({ id, key, state: 'done' });
    await expect(eve.settle({ id, key, state: 'done' })).rejects.toEqual(refused('FORBIDDEN'));
  });

  test('answering needs the claim `answer`, and not that to publish; who answered is `by`', async () => {
    await using server = setUp();
    const { id } = await server.as('ada').begin.approval({ data: { tool: 'rm' } });
    const asker = server.as('bob', { publish: ['*'], subscribe: ['*'], topics: ['*'] });
    await expect(asker.answer.approval({ id, answer: { allow: true } })).rejects.toEqual(
      refused('FORBIDDEN'),
    );
    const boss = server.as('boss', { answer: ['app*'], topics: ['default'] });
    await expect(boss.begin.approval({ data: { tool: 'rm' } })).rejects.toEqual(refused('FORBIDDEN'));
    await expect(boss.answer.approval({ topic: 'other', id, answer: { allow: true } })).rejects.toEqual(
      refused('FORBIDDEN'),
    );
    await boss.answer.approval({ id, answer: { allow: true } });
    expect((await server.nobody.history()).items).toMatchObject([
      { event: { by: 'boss', answer: { allow: true } } },
    ]);
  });

  test('the open set shows no event that the caller may not see live', async () => {
    await using server = setUp();
    await server.as('ada').begin.reply(reply);
    await server.as('bob').begin.viewer({ data: { name: 'Bob' } });
    const seen = async (claims: Claims) =>
      (await server.as('eve', claims).open()).items.map(({ event }) => event.event_type);
    expect(await seen({ subscribe: ['*'], topics: ['*'] })).toEqual(['reply', 'viewer']);
    expect(await seen({ subscribe: ['viewer'], topics: ['*'] })).toEqual(['viewer']);
    expect(await seen({ subscribe: ['*'], topics: ['*'], filter: { by: 'ada' } })).toEqual(['reply']);
    await expect(seen({ publish: ['*'], topics: ['*'] })).rejects.toEqual(refused('FORBIDDEN'));
    await expect(seen({ subscribe: ['*'], topics: ['other'] })).rejects.toEqual(refused('FORBIDDEN'));
    const named = server.as('eve', { subscribe: ['viewer'], topics: ['*'] }).open({ types: ['reply'] });
    await expect(named).rejects.toEqual(refused('FORBIDDEN'));
  });

  test('a key is told to nobody but whoever began the event', async () => {
    await using server = setUp();
    const ada = server.as('ada');
    const told: unknown[] = [];
    server.manager.addListener((event) => told.push(event));
    const { id, key } = await ada.begin.reply(reply);
    await ada.append({ id, key, at: 0, text: 'x' });
    const eve = server.as('eve');
    told.push(
      await eve.open(),
      await eve.settle({ id, key: 'k', state: 'done' }).catch((error: Error) => error.message),
    );
    await ada.settle({ id, key, state: 'done' });
    told.push(
      await eve.history(),
      await eve.begin.reply({ ...reply, key }).catch((error: Error) => error.message),
    );
    expect(JSON.stringify(told)).toContain(id); // the control
    expect(JSON.stringify(told)).not.toContain(key);
  });

  test('beginnings, appends, updates, settlements and answers count as a publish each', async () => {
    await using server = setUp();
    let left = 5;
    const allowance: Allowance = {
      async take(events) {
        left -= events;
        if (left < 0) throw new EventsError('RATE_LIMITED', 'too many');
      },
    };
    const caller = server.as('ada', everything, allowance);
    const { id, key } = await caller.begin.reply(reply);
    await caller.append({ id, key, at: 0, text: 'x' });
    await caller.touch({ ids: [id], key });
    await caller.settle({ id, key, state: 'done' });
    const asked = await caller.begin.approval({ data: { tool: 'rm' } });
    await caller.answer.approval({ id: asked.id, answer: { allow: true } });
    expect(left).toBe(0);
    await expect(caller.begin.reply(reply)).rejects.toEqual(refused('RATE_LIMITED'));
    await expect(caller.update({ id, key, data: {} })).rejects.toEqual(refused('RATE_LIMITED'));
    await caller.open();
  });
});

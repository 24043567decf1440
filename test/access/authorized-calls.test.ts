import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import {
  type Authorize,
  type Claims,
  createAppRouter,
  EventManager,
  MemoryBroker,
  Sessions,
} from '../../server/index.ts';
import { agentMessage, systemStatus } from '../support/events.ts';
import { ALL } from './harness.ts';

describe('authorization of calls', () => {
  /** A caller with these claims, and a log to look at. */
  async function setUp(claims: Claims, authorize?: Authorize<object>) {
    const manager = new EventManager({ broker: new MemoryBroker() });
    const session = new Sessions().open({ id: 'alice', claims });
    const router = createAppRouter(
      manager,
      (procedure) => ({
        run: {
          state: procedure.query(() => 'running'),
          pause: procedure.input(z.object({ topic: z.string().optional() })).mutation(() => 'paused'),
        },
      }),
      { authorize },
    );
    await manager.publish('system_status', systemStatus());
    return {
      caller: router.createCaller({ session }),
      open: router.createCaller({}),
      stored: async () => (await manager.history()).items.length,
      [Symbol.asyncDispose]: () => manager.close(),
    };
  }
  const forbidden = { code: 'FORBIDDEN', cause: { code: 'FORBIDDEN' } };

  test('publishing is limited to the allowed types and topics', async () => {
    await using server = await setUp({ publish: ['agent_*'], topics: ['default'] });
    const { caller, stored, open } = server;
    await expect(caller.publish.system_status({ data: systemStatus() })).rejects.toMatchObject({
      ...forbidden,
      message: 'On topic default you may not publish system_status.',
    });
    const message = { event_type: 'agent_message' as const, data: agentMessage('a') };
    const status = { event_type: 'system_status' as const, data: systemStatus() };
    await expect(caller.publish.batch({ events: [message, status] })).rejects.toMatchObject(forbidden);
    const elsewhere = { data: agentMessage('a'), topic: 'other' };
    await expect(caller.publish.agent_message(elsewhere)).rejects.toMatchObject(forbidden);
    expect(await stored()).toBe(1);
    await caller.publish.agent_message({ data: agentMessage('a') });
    await caller.publish.batch({ events: [message] });
    expect(await stored()).toBe(3);
    await open.publish.batch({ events: [message, status] });
    expect(await stored()).toBe(5);
  });

  test('history, stats and control are limited to the claims', async () => {
    await using server = await setUp({ subscribe: ['agent_*'], topics: ['default'] });
    const { caller, open } = server;
    await expect(caller.history({ types: ['system_status'] })).rejects.toMatchObject(forbidden);
    await expect(caller.history({ topic: 'other' })).rejects.toMatchObject(forbidden);
    expect((await caller.history()).items).toEqual([]);
    expect((await open.history()).items).toHaveLength(1);
    await expect(caller.stats()).rejects.toMatchObject(forbidden);
    await expect(caller.run.state()).rejects.toMatchObject(forbidden);
    await expect(caller.run.pause({})).rejects.toMatchObject(forbidden);
    expect(await open.stats()).toBeDefined();
    expect([await open.run.state(), await open.run.pause({})]).toEqual(['running', 'paused']);
  });

  test('[V7] erasing needs control of the topic', async () => {
    await using server = await setUp(ALL);
    const { caller, open, stored } = server;
    const [item] = (await open.history()).items;
    const cursor = item?.cursor ?? '';
    for (const input of [{ cursor }, { filter: {} }, { cursor: 'nonsense' }])
      await expect(caller.erase(input)).rejects.toMatchObject({
        ...forbidden,
        message: 'You may not erase events of topic default.',
      });
    expect(await stored()).toBe(1);
    await using other = await setUp({ control: true, topics: ['run-*'] });
    await expect(other.caller.erase({ filter: {} })).rejects.toMatchObject(forbidden);
    expect(await other.caller.erase({ topic: 'run-1', filter: {} })).toEqual({ erased: 0 });
    const both = { cursor, filter: {} };
    for (const input of [{}, both] as { cursor: string }[])
      await expect(open.erase(input)).rejects.toThrow(/pass a cursor, or a filter: {} for all events/);
    expect(await open.erase({ cursor })).toEqual({ erased: 1 });
    expect(await stored()).toBe(0);
  });

  test('[V7] erasing is not narrowed by what one may see', async () => {
    const filter = { agent_id: 'nobody' };
    await using server = await setUp({ control: true, topics: ['*'], subscribe: ['agent_message'], filter });
    const { caller, open, stored } = server;
    await open.publish.agent_message({ data: agentMessage('a') });
    expect((await caller.history()).items).toEqual([]);
    await expect(caller.history({ types: ['system_status'] })).rejects.toMatchObject(forbidden);
    expect(await stored()).toBe(2);
    expect(await caller.erase({ types: ['agent_message'], filter: {} })).toEqual({ erased: 1 });
    expect(await caller.erase({ filter: {} })).toEqual({ erased: 1 });
    expect(await stored()).toBe(0);
    // The control: without the right nothing is erased, whatever is seen.
    await using other = await setUp(ALL);
    await expect(other.caller.erase({ filter: {} })).rejects.toMatchObject(forbidden);
    expect(await other.stored()).toBe(1);
  });

  test('control is limited to the topics of the claims', async () => {
    await using server = await setUp({ control: true, stats: true, topics: ['run-*'] });
    const { caller } = server;
    expect(await caller.run.pause({ topic: 'run-1' })).toBe('paused');
    expect(await caller.run.state()).toBe('running');
    expect(await caller.stats()).toBeDefined();
    await expect(caller.run.pause({})).rejects.toMatchObject(forbidden);
    await expect(caller.run.pause({ topic: 'other' })).rejects.toMatchObject(forbidden);
  });

  test('a custom authorize is asked about every call, and cannot grant more than was asked for', async () => {
    const asked: string[] = [];
    await using server = await setUp({}, (_, { action, topic, types }) => {
      asked.push(`${action} ${topic} ${types.join()}`);
      return { types: ['agent_message', 'system_status'] };
    });
    const { caller } = server;
    expect((await caller.history({ types: ['agent_message'] })).items).toEqual([]);
    await caller.publish.agent_message({ data: agentMessage('a') });
    await caller.stats();
    await caller.run.pause({ topic: 'x' });
    expect(await caller.erase({ types: ['agent_message'], filter: {} })).toEqual({ erased: 1 });
    await expect(caller.erase({ filter: {} })).rejects.toMatchObject(forbidden); // of all types
    expect(asked).toEqual([
      'history default agent_message',
      'publish default agent_message',
      'stats null ',
      'control x ',
      'erase default agent_message',
      expect.stringMatching(/^erase default agent_message,/),
    ]);
  });
});

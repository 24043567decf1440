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
import { startTestServer } from '../app/harness.ts';
import { agentMessage, systemStatus } from '../support/events.ts';
import { ALL, RawSocket, takesTokens, token } from './harness.ts';

/** A server with three events on topic `mine` and one on `foreign`. */
async function startServer(options: { open?: boolean } = {}) {
  let manager: EventManager | undefined;
  const server = await startTestServer(
    {},
    {
      ...(!options.open && { authenticate: takesTokens }),
      application: (context) => {
        manager = context.manager;
        return { router: createAppRouter(context.manager) };
      },
    },
  );
  if (!manager) throw new Error('no application was made');
  await manager.publish('agent_message', agentMessage('a'), { topic: 'mine' });
  await manager.publish('system_status', systemStatus(), { topic: 'mine' });
  await manager.publish('agent_message', { ...agentMessage('b'), agent_id: 'ego' }, { topic: 'mine' });
  const { cursor } = await manager.publish('agent_message', agentMessage('c'), { topic: 'foreign' });
  return { ...server, manager, foreignCursor: cursor };
}

const LAST = { since: { last: 10 } };

/** Subscribes with these claims and input: its events, or the reason of its refusal. */
async function subscribing(claims: Claims | null, input: object, path = 'on.any'): Promise<string[]> {
  await using server = await startServer({ open: claims === null });
  await using socket = new RawSocket(server.url, claims ? { token: await token({ claims }) } : undefined);
  socket.subscribe(1, { ...LAST, ...input }, path);
  await expect.poll(() => socket.synced || socket.reasons.length > 0).toBe(true);
  return socket.synced ? socket.events : [...socket.events, ...socket.reasons];
}

const onMine: Claims = { ...ALL, topics: ['mine', 'team-*'] };
const noStatus: Claims = { ...ALL, subscribe: ['agent_*'] };
const everything = ['agent_message', 'system_status', 'agent_message'];

describe('authorization of subscriptions', () => {
  test.each<[string, Claims, object, string, string[]]>([
    ['a foreign topic is refused', onMine, { topic: 'foreign' }, 'on.any', ['FORBIDDEN']],
    ['the default topic is refused like any other foreign topic', onMine, {}, 'on.any', ['FORBIDDEN']],
    ['an own topic is allowed', onMine, { topic: 'mine' }, 'on.any', everything],
    ['private topics are refused to everybody', ALL, { topic: '_access' }, 'on.any', ['FORBIDDEN']],
    [
      'a forbidden type that is asked for is refused',
      noStatus,
      { topic: 'mine' },
      'on.system_status',
      ['FORBIDDEN'],
    ],
    [
      'a forbidden type among allowed ones is refused',
      noStatus,
      { topic: 'mine', types: ['agent_message', 'system_status'] },
      'on.any',
      ['FORBIDDEN'],
    ],
    [
      'on.any is narrowed to the allowed types',
      noStatus,
      { topic: 'mine' },
      'on.any',
      ['agent_message', 'agent_message'],
    ],
    [
      'on.any is refused where no type is allowed',
      { ...ALL, subscribe: ['simulation_*'] },
      { topic: 'mine' },
      'on.any',
      ['FORBIDDEN'],
    ],
    ['a subject without claims is refused', {}, { topic: 'mine' }, 'on.any', ['FORBIDDEN']],
  ])('%s', async (_, claims, input, path, expected) => {
    expect(await subscribing(claims, input, path)).toEqual(expected);
    // The control: without authorisation there is something to see.
    const open = await subscribing(null, input, path);
    if (JSON.stringify(input).match(/mine|foreign/)) expect(open).not.toEqual([]);
    expect(open).not.toContain('FORBIDDEN');
  });

  test.each<[string, Claims, object, string[]]>([
    ['a foreign topic is refused', onMine, { topic: 'foreign' }, ['FORBIDDEN']],
    ['an own topic is allowed', onMine, { topic: 'mine' }, everything],
    [
      'all types are narrowed to the allowed ones',
      noStatus,
      { topic: 'mine' },
      ['agent_message', 'agent_message'],
    ],
    ['a forbidden type is refused', noStatus, { topic: 'mine', types: ['system_status'] }, ['FORBIDDEN']],
    [
      'the filter of the claims is applied',
      { ...ALL, filter: { agent_id: 'shadow' } },
      { topic: 'mine' },
      ['agent_message'],
    ],
  ])('when replaying: %s', async (_, claims, input, expected) => {
    const asked = { ...input, speed: 1_000_000 };
    expect(await subscribing(claims, asked, 'replay')).toEqual(expected);
    expect(await subscribing(null, asked, 'replay')).not.toContain('FORBIDDEN');
  });

  test('the error names the refused type', async () => {
    await using server = await startServer();
    await using socket = new RawSocket(server.url, { token: await token({ claims: noStatus }) });
    socket.subscribe(1, { topic: 'mine' }, 'on.system_status');
    await expect
      .poll(() => socket.messages[0]?.error?.json.message)
      .toBe('On topic mine you may not subscribe to system_status.');
  });

  test('a filter of the claims applies to every request, whatever filter it asks for', async () => {
    const claims: Claims = { ...ALL, filter: { agent_id: 'shadow' } };
    const mine = { topic: 'mine' };
    expect(await subscribing(claims, mine)).toEqual(['agent_message']);
    const tricks = [
      { filter: { or: [{ agent_id: 'ego' }, { agent_id: 'shadow' }] } },
      { filter: { not: { agent_id: 'nobody' } } },
      { filter: { or: [{}] } },
    ];
    for (const trick of tricks) {
      expect(await subscribing(claims, { ...mine, ...trick })).toEqual(['agent_message']);
      expect((await subscribing(null, { ...mine, ...trick })).length).toBeGreaterThan(1);
    }
    expect(await subscribing(claims, { ...mine, filter: { agent_id: 'ego' } })).toEqual([]);
    expect(await subscribing(null, { ...mine, filter: { agent_id: 'ego' } })).toEqual(['agent_message']);
    // No status has the field, so none can meet the condition.
    expect(await subscribing(claims, mine, 'on.system_status')).toEqual(['FORBIDDEN']);
  });

  test('the error about a wrong filter shows the filter that was asked for, without that of the claims', async () => {
    await using server = await startServer();
    const claims: Claims = { ...ALL, filter: { agent_id: 'secret' } };
    await using socket = new RawSocket(server.url, { token: await token({ claims }) });
    socket.subscribe(1, { topic: 'mine', filter: { nothing: 1 } });
    await expect.poll(() => socket.reasons).toEqual(['INVALID_FILTER']);
    const [refusal] = socket.messages;
    expect(refusal?.error?.json.data.issues).toMatchObject([{ path: ['filter', 'nothing'] }]);
    expect(JSON.stringify(refusal)).not.toContain('secret');
  });

  test('a forged cursor gives no access to other events', async () => {
    await using server = await startServer();
    const foreignStart = server.foreignCursor.replace(/\d+$/, '0');
    await using socket = new RawSocket(server.url, {
      token: await token({ claims: { ...onMine, subscribe: ['agent_*'] } }),
    });
    await using control = new RawSocket(server.url, { token: await token() });
    socket.subscribe(1, { topic: 'foreign', since: foreignStart });
    socket.subscribe(2, { topic: 'foreign', lastEventId: foreignStart });
    control.subscribe(1, { topic: 'foreign', since: foreignStart });
    await expect.poll(() => control.events).toEqual(['agent_message']);
    await expect.poll(() => socket.reasons).toEqual(['FORBIDDEN', 'FORBIDDEN']);
    // In an own topic it is a gap, and then what is allowed of that topic.
    socket.subscribe(3, { topic: 'mine', lastEventId: foreignStart });
    await expect.poll(() => socket.events).toEqual(['agent_message', 'agent_message']);
    expect(JSON.stringify(socket.messages)).not.toContain('"message":"c"');
    expect(JSON.stringify(socket.messages)).toContain('stream_gap');
  });

  test('live events are narrowed like old ones', async () => {
    await using server = await startServer();
    await using socket = new RawSocket(server.url, { token: await token({ claims: noStatus }) });
    await using control = new RawSocket(server.url, { token: await token() });
    for (const each of [socket, control]) each.subscribe(1, { topic: 'mine' });
    await expect.poll(() => socket.synced && control.synced).toBe(true);
    await server.manager.publish('system_status', systemStatus(), { topic: 'mine' });
    await server.manager.publish('agent_message', agentMessage('d'), { topic: 'mine' });
    await expect.poll(() => control.events).toEqual(['system_status', 'agent_message']);
    await expect.poll(() => socket.events).toEqual(['agent_message']);
  });
});

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
    expect(await open.erase({ cursor })).toEqual({ erased: 1 });
    expect(await stored()).toBe(0);
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

test('a subscription is authorised again when it is resumed', async () => {
  let allowed = true;
  await using server = await startTestServer(
    {},
    {
      application: ({ manager }) => ({
        router: createAppRouter(manager, undefined, {
          authorize: (_, { types }) => ({ types: allowed ? types : [] }),
        }),
      }),
    },
  );
  await using before = new RawSocket(server.url);
  before.subscribe(1, {});
  await expect.poll(() => before.synced).toBe(true);
  const [cursor] = before.messages.flatMap(({ result }) => result?.data?.json.data.data['cursor'] ?? []);
  allowed = false;
  await using after = new RawSocket(server.url);
  after.subscribe(1, { lastEventId: cursor });
  await expect.poll(() => after.reasons).toEqual(['FORBIDDEN']);
  allowed = true;
  after.subscribe(2, { lastEventId: cursor });
  await expect.poll(() => after.synced).toBe(true);
});

import { describe, expect, test } from 'vitest';
import { type Claims, createAppRouter } from '../../server/index.ts';
import type { AnyFilter } from '../../shared/filter/types.ts';
import { startTestServer } from '../app/harness.ts';
import { agentMessage, systemStatus } from '../support/events.ts';
import { ALL, RawSocket, takesTokens, token } from './harness.ts';

/** A server with three events on topic `mine` and one on `foreign`. */
async function startServer(options: { open?: boolean } = {}) {
  const server = await startTestServer({}, options.open ? {} : { authenticate: takesTokens });
  const { manager } = server;
  await manager.publish('agent_message', agentMessage('a'), { topic: 'mine' });
  await manager.publish('system_status', systemStatus(), { topic: 'mine' });
  await manager.publish('agent_message', { ...agentMessage('b'), agent_id: 'ego' }, { topic: 'mine' });
  const { cursor } = await manager.publish('agent_message', agentMessage('c'), { topic: 'foreign' });
  return { ...server, foreignCursor: cursor };
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

  test('a filter of the claims leaves the caller’s filter all that a filter may have', async () => {
    const nested = (levels: number): AnyFilter =>
      levels === 1 ? { agent_id: 'shadow' } : { and: [nested(levels - 1)] };
    const nobodies = (count: number) =>
      Array.from({ length: count }, (_, n) => ({ agent_id: `nobody ${n}` }));
    const many = { or: [{ agent_id: 'shadow' }, ...nobodies(63)] };
    for (const [enforced, filter] of [
      [nested(8), { agent_id: 'shadow' }],
      [{ agent_id: 'shadow' }, nested(8)],
      [many, many],
    ] as const) {
      const claims: Claims = { ...ALL, filter: enforced };
      expect(await subscribing(claims, { topic: 'mine', filter })).toEqual(['agent_message']);
      expect(await subscribing(claims, { topics: ['mine'], filter })).toEqual(['agent_message']);
    }
    // Control: each of them alone is at its limit.
    for (const filter of [nested(9), { or: [many, { agent_id: 'one more' }] }]) {
      expect(await subscribing(ALL, { topic: 'mine', filter })).toEqual(['INVALID_FILTER']);
    }
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

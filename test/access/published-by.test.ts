import { initTRPC } from '@trpc/server';
import { afterEach, describe, expect, test } from 'vitest';
import { createClient, createPublisher } from '../../client/index.ts';
import {
  anonymous,
  createAppRouter,
  EventManager,
  eventProcedures,
  MemoryBroker,
  Sessions,
} from '../../server/index.ts';
import type { EventInput, EventName, EventToPublish } from '../../shared/index.ts';
import { startTestServer } from '../app/harness.ts';
import { agentMessage } from '../support/events.ts';
import { takesTokens, token } from './harness.ts';

type Options = Parameters<EventManager['publish']>[2];

/** The control: it forgets whom the router names. */
class Unstamped extends EventManager {
  override publish<N extends EventName>(type: N, data: EventInput<N>, options: Options = {}) {
    return super.publish(type, data, { ...options, by: undefined });
  }

  override publishBatch(events: readonly EventToPublish[], { topic }: { topic?: string | undefined } = {}) {
    return super.publishBatch(events, { topic });
  }
}

const managers: EventManager[] = [];
afterEach(async () => {
  for (const manager of managers.splice(0)) await manager.close();
});

/** A server that asks for tokens; `stamps: false` is the control. */
async function startServer({ stamps = true, open = false } = {}) {
  const manager = new (stamps ? EventManager : Unstamped)({ broker: new MemoryBroker() });
  managers.push(manager);
  const server = await startTestServer(
    {},
    {
      ...(!open && { authenticate: takesTokens }),
      application: () => ({ router: createAppRouter(manager) }),
    },
  );
  /** Publishers of all that is stored, as the server names them. */
  const publishers = async () => (await manager.history()).items.map(({ event }) => event.by ?? null);
  return { ...server, manager, publishers };
}

const BATCH = ['agent_message', 'agent_message'].map((event_type, index) => ({
  event_type: event_type as 'agent_message',
  data: agentMessage(index),
}));

const WAYS: readonly [string, (url: string, token: string) => Promise<unknown>][] = [
  [
    'over a WebSocket',
    async (url, token) => {
      const client = createClient({ url, token });
      await client.publish('agent_message', agentMessage(1));
      await client.publishBatch(BATCH);
      await client.close();
    },
  ],
  [
    'over HTTP',
    async (url, token) => {
      const publisher = createPublisher({ url: `${url}/trpc`, token });
      await publisher.publish('agent_message', agentMessage(1));
      await publisher.publishBatch(BATCH);
      await publisher.close();
    },
  ],
];

describe('[V6] the server names the subject that published,', () => {
  test.each(WAYS)('%s', async (_, publish) => {
    await using server = await startServer();
    await publish(server.url, await token({ sub: 'alice' }));
    await publish(server.url, await token({ sub: 'bob' }));
    expect(await server.publishers()).toEqual(['alice', 'alice', 'alice', 'bob', 'bob', 'bob']);
  });

  test.each(WAYS)('control: without the stamp nobody is named %s', async (_, publish) => {
    await using server = await startServer({ stamps: false });
    await publish(server.url, await token({ sub: 'alice' }));
    expect(await server.publishers()).toEqual([null, null, null]);
  });

  test('for callers and contexts of one’s own, which have a session', async () => {
    const manager = new EventManager({ broker: new MemoryBroker() });
    managers.push(manager);
    const router = createAppRouter(manager);
    const session = new Sessions().open({ id: 'alice', claims: { publish: ['*'], topics: ['*'] } });
    await router.createCaller({ session }).publish.agent_message({ data: agentMessage(1) });
    await router.createCaller({ session }).publish.batch({ events: BATCH.slice(0, 1) });
    await router.createCaller({}).publish.agent_message({ data: agentMessage(2) });
    const { items } = await manager.history();
    expect(items.map(({ event }) => event.by)).toEqual(['alice', 'alice', undefined]);
    expect(items.map(({ event }) => 'by' in event)).toEqual([true, true, false]);
  });

  test('for contexts of one’s own without a session, as the application says', async () => {
    const manager = new EventManager({ broker: new MemoryBroker() });
    managers.push(manager);
    const t = initTRPC.context<{ user: string | null }>().create();
    const subject = ({ user }: { user: string | null }) => user ?? undefined;
    const callerOf = (user: string | null, told = true) =>
      t.router(eventProcedures(manager, t.procedure, told ? { subject } : {})).createCaller({ user });
    await callerOf('alice').publish.agent_message({ data: agentMessage(1) });
    await callerOf('bob').publish.batch({ events: BATCH.slice(0, 1) });
    await callerOf(null).publish.agent_message({ data: agentMessage(2) });
    await callerOf('alice', false).publish.agent_message({ data: agentMessage(3) });
    const { items } = await callerOf('alice').history();
    expect(items.map(({ event }) => event.by)).toEqual(['alice', 'bob', undefined, undefined]);
    const others = await callerOf('alice').history({ echo: false });
    expect(others.items.map(({ event }) => event.by)).toEqual(['bob', undefined, undefined]);
    await expect(callerOf(null).history({ echo: false })).rejects.toMatchObject({
      cause: { code: 'INVALID_OPTION' },
    });
  });

  test('and nobody where nobody is authenticated, though all of them have a session', async () => {
    await using server = await startServer({ open: true });
    const client = createClient({ url: server.url });
    await client.publish('agent_message', agentMessage(1));
    await client.close();
    const session = new Sessions().open(await anonymous()({} as never));
    const router = createAppRouter(server.manager);
    await router.createCaller({ session }).publish.agent_message({ data: agentMessage(2) });
    expect(await server.publishers()).toEqual([null, null]);
    // A subject of that name is a subject.
    const named = new Sessions().open({ id: 'anonymous', claims: { publish: ['*'], topics: ['*'] } });
    await router.createCaller({ session: named }).publish.agent_message({ data: agentMessage(3) });
    expect(await server.publishers()).toEqual([null, null, 'anonymous']);
  });
});

/** Posts an input as it is, past any client. */
async function post(url: string, path: string, sub: string, input: object, headers = {}): Promise<string> {
  const response = await fetch(`${url}/trpc/${path}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${await token({ sub })}`,
      ...headers,
    },
    body: JSON.stringify(input),
  });
  const { error } = (await response.json()) as { error?: { json: { data: { reason: string } } } };
  return error?.json.data.reason ?? 'stored';
}

/** Publishes that say who published, in every place that there is; and what becomes of them. */
const SPOOFS: readonly [string, string, object, string, object?][] = [
  ['beside the data', 'publish.agent_message', { by: 'bob' }, 'INVALID_OPTION'],
  [
    'in the data',
    'publish.agent_message',
    { data: { ...agentMessage(1), metadata: { by: 'bob' } } },
    'stored',
  ],
  ['as an id for idempotency', 'publish.agent_message', { idempotencyKey: '","by":"bob' }, 'stored'],
  ['in a header', 'publish.agent_message', {}, 'stored', { by: 'bob', subject: 'bob', 'x-user': 'bob' }],
  [
    'in a trace',
    'publish.agent_message',
    { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01","by":"bob' },
    'stored',
  ],
  [
    'in an event of a batch',
    'publish.batch',
    { events: [{ event_type: 'agent_message', data: agentMessage(1), by: 'bob' }] },
    'INVALID_OPTION',
  ],
  [
    'beside the events of a batch',
    'publish.batch',
    { by: 'bob', events: [{ event_type: 'agent_message', data: agentMessage(1) }] },
    'INVALID_OPTION',
  ],
];

describe('a publisher cannot pass for somebody else', () => {
  test.each(SPOOFS)('%s', async (_, path, input, outcome, headers) => {
    const sent = path === 'publish.batch' ? input : { data: agentMessage(1), ...input };
    await using server = await startServer();
    expect(await post(server.url, path, 'mallory', { json: sent }, headers)).toBe(outcome);
    expect(await server.publishers()).toEqual(outcome === 'stored' ? ['mallory'] : []);
    // The control: without the stamp the event is stored as nobody's.
    await using unstamped = await startServer({ stamps: false });
    await post(unstamped.url, path, 'mallory', { json: sent }, headers);
    expect(await unstamped.publishers()).toEqual(outcome === 'stored' ? [null] : []);
  });

  test('by the key of another’s event: it gets that one’s cursor, and the event stays the other’s', async () => {
    await using server = await startServer();
    const input = { json: { data: agentMessage(1), idempotencyKey: 'k' } };
    await post(server.url, 'publish.agent_message', 'bob', input);
    await post(server.url, 'publish.agent_message', 'mallory', input);
    expect(await server.publishers()).toEqual(['bob']);
  });
});

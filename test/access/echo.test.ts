import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createClient, type EventsClient } from '../../client/index.ts';
import { type Claims, createAppRouter, EventManager, MemoryBroker } from '../../server/index.ts';
import { startTestServer } from '../app/harness.ts';
import { agentMessage } from '../support/events.ts';
import { ALL, takesTokens, token } from './harness.ts';

let manager: EventManager;
let server: Awaited<ReturnType<typeof startTestServer>>;
const clients: EventsClient[] = [];

beforeEach(async () => {
  manager = new EventManager({ broker: new MemoryBroker() });
  const application = () => ({ router: createAppRouter(manager) });
  server = await startTestServer({}, { authenticate: takesTokens, application });
});
afterEach(async () => {
  for (const client of clients.splice(0)) await client.close();
  await server.close();
  await manager.close();
});

async function connect(sub: string, claims: Claims = ALL): Promise<EventsClient> {
  const client = createClient({ url: server.url, token: await token({ sub, claims }) });
  clients.push(client);
  return client;
}

const say = (by: string | undefined, text: string, topic?: string) =>
  manager.publish('agent_message', agentMessage(text), { by, topic });

/** Texts of an iterable's messages, up to the one that is `last`. */
async function until(last: string, items: AsyncIterable<{ event: { data: unknown } }>): Promise<string[]> {
  const texts: string[] = [];
  for await (const { event } of items) {
    const { message } = event.data as { message?: string };
    if (message === last) break;
    if (message !== undefined) texts.push(message);
  }
  return texts;
}

/**
 * Texts that a client sees of `alice 1`, `bob 1`, `nobody 1` in history and a replay; of these and of `2` live; and of `3`,
 * which is published while its connection is cut. Streams end with the text `last`.
 */
async function seenBy(client: EventsClient, options: { echo?: boolean }, last: string) {
  const stream = (more: Parameters<EventsClient['stream']>[0]) =>
    until(last, client.stream({ ...options, ...more }));
  const sayAll = async (n: number) => {
    for (const by of ['alice', 'bob', undefined]) await say(by, `${by ?? 'nobody'} ${n}`);
  };
  await sayAll(1);
  const page = await client.history({ ...options });
  const history = page.items.map(({ event }) => (event.data as { message: string }).message);
  const replay: string[] = [];
  for await (const { event } of client.replay({ ...options, speed: 1_000_000 })) {
    if (event.event_type === 'agent_message') replay.push(event.data.message);
  }
  const subscribers = () => manager.stats().subscribers;
  const live = stream({ since: { last: 10 } });
  const several = stream({ topics: ['default', 'other'] });
  await expect.poll(subscribers).toBe(2);
  await sayAll(2);
  const cut = server.broadcaster.connections.map(({ id }) => id);
  for (const id of cut) server.broadcaster.disconnect(id);
  await sayAll(3);
  const back = () => server.broadcaster.connections.filter(({ id }) => !cut.includes(id)).length;
  await expect.poll(back).toBe(1);
  await expect.poll(subscribers).toBe(2);
  const resumed = stream({ since: page.next });
  await expect.poll(subscribers).toBe(3);
  const who = last.replace(/ .*/, '');
  await say(who, last);
  return { history, replay, live: await live, several: await several, resumed: await resumed };
}

/** `bob 1`, `nobody 1`, `bob 2`, … */
const texts = (who: readonly string[], numbers: readonly number[]) =>
  numbers.flatMap((n) => who.map((name) => `${name} ${n}`));

describe('[V6] echo: false leaves out what the subject published itself, and nothing else,', () => {
  test('in history, in a replay, live, in several topics, and after it was away', async () => {
    const others = ['bob', 'nobody'];
    expect(await seenBy(await connect('alice'), { echo: false }, 'bob end')).toEqual({
      history: texts(others, [1]),
      replay: texts(others, [1]),
      live: texts(others, [1, 2, 3]),
      several: texts(others, [2, 3]),
      resumed: texts(others, [2, 3]),
    });
  });

  test.each([{}, { echo: true }])('control: one’s own come too with %j', async (options) => {
    const all = ['alice', 'bob', 'nobody'];
    expect(await seenBy(await connect('alice'), options, 'bob end')).toEqual({
      history: texts(all, [1]),
      replay: texts(all, [1]),
      live: texts(all, [1, 2, 3]),
      several: texts(all, [2, 3]),
      resumed: texts(all, [2, 3]),
    });
  });

  test('for each subject its own: bob’s are left out for bob', async () => {
    const bob = await connect('bob');
    for (const by of ['alice', 'bob']) await say(by, by);
    const seen = async (client: EventsClient) =>
      (await client.history({ echo: false })).items.map(({ event }) => event.by);
    expect(await seen(bob)).toEqual(['alice']);
    expect(await seen(await connect('alice'))).toEqual(['bob']);
  });

  test('joined to the caller’s filter and that of the claims', async () => {
    const claims = { ...ALL, filter: { agent_id: 'shadow' } };
    const alice = await connect('alice', claims);
    const publish = (by: string, agent_id: string, text: string) =>
      manager.publish('agent_message', { ...agentMessage(text), agent_id }, { by });
    await publish('alice', 'shadow', 'a');
    await publish('bob', 'shadow', 'a');
    await publish('bob', 'shadow', 'b');
    await publish('bob', 'ego', 'a');
    const asked = { types: ['agent_message'], filter: { message: 'a' }, echo: false } as const;
    const { items } = await alice.history(asked);
    expect(items.map(({ event }) => [event.by, event.data.agent_id, event.data.message])).toEqual([
      ['bob', 'shadow', 'a'],
    ]);
    // A fault in the filter is told at its own path.
    const wrong = alice.history({ ...asked, filter: { nothing: 1 } as never });
    await expect(wrong).rejects.toMatchObject({
      code: 'INVALID_FILTER',
      issues: [{ path: ['filter', 'nothing'] }],
    });
  });
});

describe('echo: false is refused where nobody is authenticated', () => {
  test.each([
    ['subscribe', () => manager.subscribe({ echo: false })],
    ['subscribe to several', () => manager.subscribe({ echo: false, topics: ['a*'] })],
    ['replay', () => manager.replay({ echo: false })],
    ['history', () => manager.history({ echo: false })],
    ['addListener', () => manager.addListener(() => {}, { echo: false } as object)],
    ['a caller', () => createAppRouter(manager).createCaller({}).history({ echo: false })],
  ])('in the process: %s', async (_, ask) => {
    const asked = async () => await ask();
    await expect(asked()).rejects.toMatchObject({ message: expect.stringContaining('echo: false') });
  });

  test('by a server that lets everybody in', async () => {
    await using open = await startTestServer(
      {},
      { application: () => ({ router: createAppRouter(manager) }) },
    );
    const client = createClient({ url: open.url });
    clients.push(client);
    await expect(client.history({ echo: false })).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      issues: [{ path: ['echo'] }],
    });
    const failure = await new Promise<Error>((onError) =>
      client.on('any', () => {}, { echo: false, onError }),
    );
    expect(failure).toMatchObject({ code: 'INVALID_OPTION' });
  });

  test('and a filter says the same in the process', async () => {
    for (const by of ['alice', 'bob', undefined]) await say(by, 'x');
    const { items } = await manager.history({ filter: { by: { ne: 'alice' } } });
    expect(items.map(({ event }) => event.by)).toEqual(['bob', undefined]);
    const asked = await manager.history({ echo: false, subject: 'alice' });
    expect(asked.items).toEqual(items);
  });
});

describe('a subject whose claims have a filter on by', () => {
  test('sees only what that one published: in history, in a replay, live, and after it was away', async () => {
    const narrowed = await connect('bob', { ...ALL, filter: { by: 'alice' } });
    expect(await seenBy(narrowed, {}, 'alice end')).toEqual({
      history: texts(['alice'], [1]),
      replay: texts(['alice'], [1]),
      live: texts(['alice'], [1, 2, 3]),
      several: texts(['alice'], [2, 3]),
      resumed: texts(['alice'], [2, 3]),
    });
    // No filter of its own widens it.
    const { items } = await narrowed.history({ filter: { or: [{ by: 'bob' }, { by: null }, {}] } });
    expect(new Set(items.map(({ event }) => event.by))).toEqual(new Set(['alice']));
    expect((await narrowed.history({ filter: { by: 'bob' } })).items).toEqual([]);
  });

  test('sees only its own where that is the subject itself', async () => {
    const alice = await connect('alice', { ...ALL, filter: { by: 'alice' } });
    const mallory = await connect('mallory', ALL);
    await alice.publish('agent_message', agentMessage('mine'));
    await mallory.publish('agent_message', agentMessage('not mine'));
    const { items } = await alice.history();
    expect(items.map(({ event }) => (event.data as { message: string }).message)).toEqual(['mine']);
    // The control: without the narrowing both are seen.
    expect((await mallory.history()).items).toHaveLength(2);
  });
});

import { describe, expect, test } from 'vitest';
import { createClient, createPublisher } from '../../client/index.ts';
import { EventManager, MemoryBroker } from '../../server/index.ts';
import { psycheEvents } from '../../shared/index.ts';
import { agentMessage } from '../support/events.ts';
import { startForeignApp } from '../support/foreign-app.ts';
import { dreams, foreignRouter, nestedRouter } from '../support/foreign-router.ts';
import { eventually } from './eventually.ts';
import { retrySoon } from './retry-soon.ts';

type App = ReturnType<typeof foreignRouter>;
type Nested = ReturnType<typeof nestedRouter>;

const dreamManager = () => new EventManager({ catalog: dreams, broker: new MemoryBroker() });
const DREAM = {
  at: new Date(Date.UTC(1913, 9, 1)),
  heard: new Map([['a bell', 2n ** 64n]]),
  length: 'four',
};

retrySoon();

describe('events below a key of another application whose context asks for the user', () => {
  test('arrive with Date, Map and bigint, and history, replay and stats answer', async () => {
    const manager = dreamManager();
    await using app = await startForeignApp(foreignRouter(manager));
    const client = createClient<App>({
      url: app.wsUrl,
      path: 'events',
      connectionParams: { user: 'Ada', unset: undefined },
    });
    const received = new Promise<{ at: Date; heard: Map<string, bigint>; length: number }>((resolve) => {
      client.on('dream', ({ data }) => resolve(data));
    });
    await client.publish('dream', DREAM);
    expect(await received).toEqual({ ...DREAM, length: 4 });
    expect(app.users).toEqual(['Ada']);
    const { items } = await client.history({ types: ['dream'] });
    expect(items.map(({ event }) => event.data.heard.get('a bell'))).toEqual([2n ** 64n]);
    const replayed: string[] = [];
    for await (const { event } of client.replay({ speed: 100 })) replayed.push(event.event_type);
    expect(replayed).toEqual(['dream', 'stream_synced']);
    expect(await client.stats()).toMatchObject({ published: { dream: 1 } });
    await client.close();
    await manager.close();
  });

  test('control: are refused for good without params, and at another path', async () => {
    const manager = dreamManager();
    await using app = await startForeignApp(foreignRouter(manager));
    const stranger = createClient<App>({ url: app.wsUrl, path: 'events' });
    await expect(stranger.publish('waking', { hour: 6 })).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    const lost = createClient({ url: app.wsUrl, path: 'evnts', connectionParams: { user: 'Ada' } });
    const subscription = lost.on('any', () => {}, { onError: () => {} });
    const refused = { code: 'INVALID_OPTION', message: expect.stringContaining('evnts.on.any') };
    await expect(subscription.ready).rejects.toMatchObject(refused);
    await Promise.all([stranger.close(), lost.close()]);
    await manager.close();
  });

  test('ask for params with each connection, and survive a failure to get them', async () => {
    const manager = dreamManager();
    await using app = await startForeignApp(foreignRouter(manager));
    const answers = [
      () => ({ user: 'Ada' }),
      () => Promise.reject(new Error('not now')),
      () => ({ user: 'Bob' }),
    ];
    const client = createClient<App>({
      url: app.wsUrl,
      path: 'events',
      connectionParams: async () => (answers.shift() ?? (() => ({ user: 'Eve' })))(),
    });
    const hours: number[] = [];
    await client.on('waking', ({ data }) => hours.push(data.hour)).ready;
    const errors: string[] = [];
    client.connection.subscribe(({ error }) => error && errors.push(error.message));
    app.drop();
    await eventually(() => expect(app.users).toEqual(['Ada', 'Bob']));
    await client.publish('waking', { hour: 6 });
    await eventually(() => expect(hours).toEqual([6]));
    expect(errors.join()).toContain('No connection: not now');
    await client.close();
    await manager.close();
  });

  test('get the token among the params', async () => {
    const manager = dreamManager();
    await using app = await startForeignApp(foreignRouter(manager));
    const client = createClient<App>({
      url: app.wsUrl,
      path: 'events',
      token: () => 'mine',
      connectionParams: { user: 'Ada' },
    });
    await client.publish('waking', { hour: 6 });
    expect(app.params).toEqual([{ user: 'Ada', token: 'mine' }]);
    await client.close();
    await manager.close();
  });

  test('close the client with an error when params are no texts', async () => {
    // @ts-expect-error a number is no text
    const client = createClient({ url: 'ws://127.0.0.1:1', connectionParams: { version: 1 } });
    await expect(client.stats()).rejects.toMatchObject({
      code: 'CLOSED',
      message: expect.stringContaining('connectionParams must be an object of texts'),
    });
  });
});

describe('a publisher', () => {
  test.each(['http', 'ws'] as const)('sends headers or connectionParams over %s', async (form) => {
    const manager = dreamManager();
    await using app = await startForeignApp(foreignRouter(manager));
    const publisher = createPublisher<App>({
      url: form === 'http' ? app.url : app.wsUrl,
      path: 'events',
      headers: async () => ({ 'X-User': 'by header', 'x-unset': undefined }),
      connectionParams: () => ({ user: 'by param' }),
    });
    await publisher.publish('dream', DREAM);
    await publisher.publishBatch([{ event_type: 'waking', data: { hour: 6 } }]);
    expect(new Set(app.users)).toEqual(new Set([form === 'http' ? 'by header' : 'by param']));
    const { items } = await manager.history();
    expect(items.map(({ event }) => event.data)).toEqual([{ ...DREAM, length: 4 }, { hour: 6 }]);
    await publisher.close();
    await manager.close();
  });

  test('refuses at once an option that only the other transport carries', () => {
    const user = { user: 'Ada' };
    const words = 'headers for http(s)://, connectionParams for ws(s)://';
    expect(() => createPublisher({ url: 'http://127.0.0.1:1', connectionParams: user })).toThrow(words);
    expect(() => createPublisher({ url: 'ws://127.0.0.1:1', headers: user })).toThrow(words);
  });

  test('refuses an impossible header at once, without another try', async () => {
    const publisher = createPublisher({ url: 'http://127.0.0.1:1', headers: { user: 'Ada\nEve' } });
    await expect(publisher.publish('agent_message', agentMessage(1))).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringContaining('headers'),
    });
  });
});

test('nested paths, and paths side by side, each have their own events', async () => {
  const manager = dreamManager();
  const news = new EventManager({ catalog: psycheEvents, broker: new MemoryBroker() });
  await using app = await startForeignApp(nestedRouter(manager, news));
  const options = { url: app.wsUrl, connectionParams: { user: 'Ada' } };
  const dreamer = createClient<Nested, 'a.events'>({ ...options, path: 'a.events' });
  const reader = createClient<Nested, 'news'>({ ...options, path: 'news' });
  const got: unknown[] = [];
  dreamer.on('waking', ({ data }) => got.push(data.hour));
  reader.on('agent_message', ({ data }) => got.push(data.message));
  await dreamer.publish('waking', { hour: 6 });
  await reader.publish('agent_message', agentMessage('news'));
  await eventually(() => expect(got.toSorted()).toEqual([6, 'news']));
  await Promise.all([dreamer.close(), reader.close(), manager.close(), news.close()]);
});

test.each(['.events', 'events.', 'a..b', 'a/b', ' ', 'events on', 'a?'])('path %j is refused', (path) => {
  const words = /path must be the key of the events in your router/;
  expect(() => createClient({ url: 'ws://127.0.0.1:1', path })).toThrow(words);
  expect(() => createPublisher({ url: 'http://127.0.0.1:1', path })).toThrow(words);
});

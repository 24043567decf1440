import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import { WebSocket, type default as Ws } from 'ws';
import {
  type ClientOptions,
  type ConnectionState,
  createClient,
  type EventsClient,
  type Transport,
} from '../../client/index.ts';
import { loadConfig, startServer } from '../../server/index.ts';
import { freePort } from '../setup/redis-server.ts';
import { agentMessage } from '../support/events.ts';
import { eventually } from './eventually.ts';
import { startProxy } from './proxy.ts';
import { retrySoon } from './retry-soon.ts';
import { startTestServer } from './test-server.ts';

retrySoon();

/** Ms after which a proxy cuts an idle connection, several times those between heartbeats: one that is late by a second or two keeps it. */
const IDLE_MS = 6000;

function open(url: string, options: Omit<ClientOptions, 'url'> = {}) {
  const client: EventsClient = createClient({ ...options, url });
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.close() });
}

/** A WebSocket of a busy platform: time passes between the steps in which it is made. */
class SlowWebSocket extends WebSocket {
  override addEventListener<K extends keyof Ws.WebSocketEventMap>(
    type: K,
    listener: (event: Ws.WebSocketEventMap[K]) => void,
    options?: Ws.EventListenerOptions,
  ): void {
    super.addEventListener(type, listener, options);
    for (const until = performance.now() + 5; performance.now() < until; );
  }
}

/**
 * Publishes through a client while `disturb` is called in between, and proves that each event came once, in order.
 * @param rounds times that it is disturbed, each in the midst of 20 events
 */
async function nothingIsLost(
  client: EventsClient,
  disturb: (round: number) => unknown = () => {},
  rounds = 5,
): Promise<void> {
  const got: string[] = [];
  const onGap = vi.fn();
  client.on('agent_message', ({ data }) => got.push(data.message), { onGap });
  const sent: string[] = [];
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < 20; i++) {
      sent.push(`${round}-${i}`);
      await client.publish('agent_message', agentMessage(`${round}-${i}`), { timeoutMs: 60_000 });
      if (i === 10) await disturb(round);
    }
  }
  await eventually(() => expect(got).toHaveLength(sent.length));
  expect(got).toEqual(sent);
  expect(onGap).not.toHaveBeenCalled();
}

/** Likewise where nothing happens in between: one round shows that events get through. */
const eventsComeThrough = (client: EventsClient) => nothingIsLost(client, undefined, 1);

describe('[D12] through a proxy', () => {
  test('that refuses upgrades nothing is lost, over server-sent events, and the transport is told', async () => {
    const warn = vi.spyOn(console, 'warn').mockReturnValue();
    await using server = await startTestServer();
    await using proxy = await startProxy(server.url, { upgrades: 'refused' });
    await using client = open(proxy.url);
    const states: ConnectionState[] = [];
    client.connection.subscribe((state) => states.push(state));
    await nothingIsLost(client, () => server.drop());
    expect(client.connection.state).toMatchObject({ status: 'live', transport: 'sse', error: null });
    expect(states.some(({ transport }) => transport === 'ws')).toBe(false);
    expect(warn.mock.calls.flat()).toEqual([
      expect.stringMatching(/server-sent events for 5 minutes: a WebSocket did not get through/),
    ]);
    // One try, and one more, since a server may have come back between the two transports. Then server-sent events come
    // first: an outage asks for no upgrade again.
    expect(proxy.upgrades).toBe(2);
  });

  test('control: that passes them on, it is a WebSocket, also after outages', async () => {
    await using server = await startTestServer();
    await using proxy = await startProxy(server.url, {});
    await using client = open(proxy.url);
    await nothingIsLost(client, () => server.drop());
    expect(client.connection.state).toMatchObject({ status: 'live', transport: 'ws' });
  });

  test('that never answers upgrades the client gives up on the WebSocket in time', async () => {
    await using server = await startTestServer();
    await using proxy = await startProxy(server.url, { upgrades: 'hang' });
    await using client = open(proxy.url, { WebSocket: SlowWebSocket });
    await eventsComeThrough(client);
    expect(client.connection.state).toMatchObject({ status: 'live', transport: 'sse' });
    expect(proxy.upgrades).toBe(1); // a second try would hang as well
  });

  test('that takes upgrades and passes nothing on the WebSocket is not tried again either', async () => {
    await using server = await startTestServer();
    await using proxy = await startProxy(server.url, { upgrades: 'swallow' });
    await using client = open(proxy.url, { keepAlive: { intervalMs: 5000, pongTimeoutMs: 1000 } });
    await eventsComeThrough(client);
    expect(client.connection.state).toMatchObject({ status: 'live', transport: 'sse' });
    expect(proxy.upgrades).toBe(1);
  });

  test('that holds answers back, a subscription is told why nothing comes, and so is the developer, once', async () => {
    const warn = vi.spyOn(console, 'warn').mockReturnValue();
    await using server = await startTestServer();
    await using proxy = await startProxy(server.url, { upgrades: 'refused', buffers: true });
    await using client = open(proxy.url);
    const errors: string[] = [];
    client.on('agent_message', () => {}, { onError: ({ message }) => errors.push(message) });
    await eventually(() =>
      expect(client.connection.state.error?.message).toMatch(/a proxy holds answers back/),
    );
    expect(client.connection.state).toMatchObject({
      status: 'reconnecting',
      transport: null,
      error: { code: 'UNAVAILABLE' },
    });
    await expect(client.stats({ timeoutMs: 3000 })).rejects.toMatchObject({
      message: expect.stringMatching(/proxy_buffering off/),
    });
    expect(warn.mock.calls.flat()).toEqual([expect.stringMatching(/a proxy holds answers back/)]);
  });

  test('that holds back all but the beginning of answers, nothing is lost, and it is told why events come late', async () => {
    await using server = await startTestServer();
    await using proxy = await startProxy(server.url, { upgrades: 'refused', buffers: 'beginnings' });
    await using client = open(proxy.url);
    const told = new Set<string | undefined>();
    client.connection.subscribe(({ error }) => told.add(error?.message));
    const got: string[] = [];
    await client.on('agent_message', ({ data }) => got.push(data.message)).ready;
    // The WebSocket was tried again, and the beginning of the stream after it is over.
    await eventually(() => expect([server.connections, server.streams, proxy.held]).toEqual([2, 1, 1]));
    await server.manager.publish('agent_message', agentMessage('late'));
    await eventually(() => expect(got).toEqual(['late']));
    expect([...told].join()).toMatch(/a proxy holds answers back/);
  });

  test.each(['ws', 'sse'] as const)(
    'that cuts idle connections, heartbeats keep it: over %s',
    async (transport) => {
      await using server = await startTestServer();
      await using proxy = await startProxy(server.url, { idleMs: IDLE_MS });
      await using client = open(proxy.url, {
        transports: [transport],
        keepAlive: { intervalMs: 1000, pongTimeoutMs: 10_000 },
      });
      await eventually(() => expect(client.connection.state.transport).toBe(transport));
      const { connections } = server;
      await sleep(IDLE_MS + 2000);
      expect([proxy.cuts, server.connections]).toEqual([0, connections]);
      await eventsComeThrough(client);
    },
  );

  test.each(['ws', 'sse'] as const)(
    'that cuts idle connections early nothing is lost: over %s',
    async (transport) => {
      await using server = await startTestServer();
      await using proxy = await startProxy(server.url, { idleMs: 300 });
      await using client = open(proxy.url, { transports: [transport] });
      await nothingIsLost(client, async () => {
        const { cuts } = proxy;
        await eventually(() => expect(proxy.cuts).toBeGreaterThan(cuts));
      });
    },
  );
});

test('one stream carries all subscriptions of a client, and one more is added without a loss', async () => {
  await using server = await startTestServer();
  await using client = open(server.url, { transports: ['sse'] });
  const got: string[][] = [[], [], []];
  const follow = (at: number) => client.on('agent_message', ({ data }) => got[at]?.push(data.message));
  await Promise.all([follow(0).ready, follow(1).ready]);
  await client.publish('agent_message', agentMessage('a'));
  const { connections } = server;
  const third = follow(2);
  await client.publish('agent_message', agentMessage('b'));
  await eventually(() => expect(got).toEqual([['a', 'b'], ['a', 'b'], ['b']]));
  expect(server.connections).toBe(connections + 1);
  expect(server.streams).toBe(1);
  third.unsubscribe();
  await eventually(() => expect(server.manager.stats().subscribers).toBe(2));
  await client.publish('agent_message', agentMessage('c'));
  await eventually(() => expect(got).toEqual([['a', 'b', 'c'], ['a', 'b', 'c'], ['b']]));
});

test('publishes keep their order without being awaited, over server-sent events', async () => {
  await using server = await startTestServer();
  await using client = open(server.url, { transports: ['sse'] });
  const got: string[] = [];
  client.on('agent_message', ({ data }) => got.push(data.message));
  const sent = Array.from({ length: 300 }, (_, i) => `${i}`);
  await Promise.all(sent.map((text) => client.publish('agent_message', agentMessage(text))));
  await eventually(() => expect(got).toEqual(sent));
});

test('transports that are none are refused', () => {
  for (const transports of [[], ['http'], ['ws', 'ws']])
    expect(() => createClient({ url: 'ws://127.0.0.1:1', transports: transports as never })).toThrow(
      /transports must be/,
    );
});

describe('[D12] a server that comes back after the WebSocket was tried, and before server-sent events are,', () => {
  /** A client whose first tries of a WebSocket meet a port that nobody listens on. */
  async function openAfter(url: string, refusals: number) {
    const away = `ws://127.0.0.1:${await freePort()}/trpc`;
    let tries = 0;
    class LateWebSocket extends WebSocket {
      constructor(address: string) {
        super(tries++ < refusals ? away : address);
      }
    }
    const client: EventsClient = createClient({ url, WebSocket: LateWebSocket });
    const carriers: (Transport | null)[] = [];
    client.connection.subscribe(({ transport }) => {
      if (transport !== carriers.at(-1)) carriers.push(transport);
    });
    return { client, carriers, tries: () => tries, [Symbol.asyncDispose]: () => client.close() };
  }

  test('is moved to over a WebSocket, nothing is lost, and the developer has nothing to be told', async () => {
    const warn = vi.spyOn(console, 'warn').mockReturnValue();
    await using server = await startTestServer();
    await using late = await openAfter(server.url, 1);
    await nothingIsLost(late.client);
    await eventually(() => expect(late.client.connection.transport).toBe('ws'));
    expect(late.carriers.slice(-2)).toEqual(['sse', 'ws']);
    expect(late.carriers.slice(late.carriers.indexOf('sse'))).not.toContain(null);
    await eventually(() => expect(server.streams).toBe(0));
    await nothingIsLost(late.client, () => server.drop());
    expect(late.tries()).toBe(7); // each outage asks for a WebSocket, and no stream
    expect(warn).not.toHaveBeenCalled();
  });

  test('is kept to over server-sent events when the second try fails as well', async () => {
    vi.spyOn(console, 'warn').mockReturnValue();
    await using server = await startTestServer();
    await using late = await openAfter(server.url, 2);
    await nothingIsLost(late.client, () => server.drop());
    expect(late.client.connection.transport).toBe('sse');
    expect(late.tries()).toBe(2);
    expect(server.streams).toBe(1);
  });
});

test('[D12] clients of a server that was away for a while come back over the transport that they had', async () => {
  vi.restoreAllMocks(); // with waits as they are
  const port = await freePort();
  const start = () => startServer(loadConfig({ port, logLevel: 'silent' }, {}));
  let server = await start();
  const clients = Array.from({ length: 6 }, () => createClient({ url: server.url }));
  try {
    await Promise.all(clients.map((client) => client.on('agent_message', () => {}).ready));
    await server.close();
    await sleep(4000); // longer than sockets that are given up have for their closing
    server = await start();
    const carriers = () => clients.map(({ connection }) => connection.transport);
    // One that met the server as it came back, between its two tries, moves from server-sent events.
    await expect.poll(carriers, { timeout: 30_000 }).toEqual(clients.map(() => 'ws'));
  } finally {
    await Promise.all(clients.map((client) => client.close()));
    await server.close();
  }
});

import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { afterEach, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import {
  type AppRouter,
  Broadcaster,
  type BroadcasterOptions,
  type ClientConnection,
  createAppRouter,
  EventManager,
  MemoryBroker,
  Metrics,
} from '../../server/index.ts';
import { CloseCode } from '../../shared/protocol.ts';
import { startTestServer, upgradeStatus, wsClient } from '../app/harness.ts';
import { agentMessage } from '../support/events.ts';
import { RawClient, until } from './harness.ts';

/** An HTTP server of one's own, with a Broadcaster attached. */
async function setUp(options: Partial<BroadcasterOptions<AppRouter>> = {}) {
  const server = createServer((_, reply) => reply.end('mine'));
  const manager = new EventManager({ broker: new MemoryBroker() });
  const broadcaster = new Broadcaster({ ...options, server, router: createAppRouter(manager) });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    server,
    broadcaster,
    manager,
    host,
    async connect() {
      const client = new RawClient(`ws://${host}/trpc`);
      await client.opened;
      return client;
    },
    async [Symbol.asyncDispose]() {
      await broadcaster.close();
      server.closeAllConnections();
      server.close();
      await manager.close();
    },
  };
}

afterEach(() => {
  vi.useRealTimers();
});

/** The answer to an upgrade that is refused. */
async function fetchUpgrade(host: string, headers: Record<string, string>) {
  const [, response] = (await once(
    new WebSocket(`ws://${host}/trpc`, { headers }),
    'unexpected-response',
  )) as [unknown, IncomingMessage];
  return { status: response.statusCode, body: await json(response) };
}

test('a Broadcaster attaches to an HTTP server, whose requests stay its own', async () => {
  await using own = await setUp();
  const client = await own.connect();
  client.call(1, 'subscription', 'on.any', { json: {} });
  await client.frame(1, 1);
  await own.manager.publish('agent_message', agentMessage('Attached.'));
  await until(() => expect(client.story(1).join()).toContain('Attached.'));
  expect(await (await fetch(`http://${own.host}/`)).text()).toBe('mine');
});

test('a Broadcaster lists its connections, and disconnects one by its id', async () => {
  await using own = await setUp();
  const [first, second] = [await own.connect(), await own.connect()];
  first.call(1, 'subscription', 'on.any', { json: {} });
  await first.frame(1, 1);
  const { connections } = own.broadcaster;
  expect(connections).toMatchObject([
    { subscriptions: 1, remoteAddress: '127.0.0.1', unsentBytes: 0 },
    { subscriptions: 0 },
  ]);
  const reason = once(first.ws, 'close');
  expect(own.broadcaster.disconnect(connections[0]?.id ?? '', 'maintenance')).toBe(true);
  expect((await reason).map(String)).toEqual(['1001', 'maintenance']);
  await until(() => expect(own.broadcaster.connections).toEqual([connections[1]]));
  expect(own.broadcaster.disconnect(connections[0]?.id ?? '')).toBe(false);
  await second.flushed();
});

test('a closed Broadcaster lets go of its clients and of the server', async () => {
  await using own = await setUp();
  const client = await own.connect();
  await own.broadcaster.close();
  expect(await client.closed).toBe(1001);
  expect(own.server.listenerCount('upgrade')).toBe(0);
});

test('a Broadcaster refuses an upgrade of another path, or leaves it to another listener', async () => {
  await using own = await setUp();
  const other = new WebSocket(`ws://${own.host}/other`);
  const [error] = await once(other, 'error');
  expect(String(error)).toContain('404');
  own.server.on('upgrade', (_, socket) => socket.end('HTTP/1.1 418 Teapot\r\n\r\n'));
  const [theirs] = await once(new WebSocket(`ws://${own.host}/other`), 'error');
  expect(String(theirs)).toContain('418');
});

test('onUpgrade can refuse an upgrade, and learns when an accepted connection is gone', async () => {
  let open = 0;
  const metrics = new Metrics();
  await using own = await setUp({
    instruments: metrics,
    onUpgrade({ headers }) {
      if (headers.origin === 'https://foreign.example')
        return { status: 403, code: 'ORIGIN', message: 'This page may not' };
      if (open === 1) return { status: 429 };
      open += 1;
      return () => {
        open -= 1;
      };
    },
  });
  const first = await own.connect();
  expect(await upgradeStatus(`http://${own.host}/trpc`)).toBe(429);
  const foreign = await fetchUpgrade(own.host, { origin: 'https://foreign.example' });
  expect(foreign).toEqual({ status: 403, body: { message: 'This page may not' } });
  first.ws.close();
  await until(() => expect(open).toBe(0));
  await own.connect();
  expect(open).toBe(1);
  const text = await metrics.registry.metrics();
  expect(text).toMatch(/refus\w*{code="ORIGIN"} 1/);
  expect(text).toMatch(/refus\w*{code="UPGRADE"} 1/);
});

test('createContext and onError get the connection with the id under which it is listed', async () => {
  const contexts: ClientConnection[] = [];
  const failures: ClientConnection[] = [];
  await using own = await setUp({
    createContext: ({ connection }) => {
      contexts.push(connection);
      return {};
    },
    onError: ({ connection }) => void failures.push(connection),
  });
  const client = await own.connect();
  client.call(1, 'query', 'nothing');
  await client.frame(1);
  const [{ id } = { id: '' }] = own.broadcaster.connections;
  expect(contexts.map((each) => each.id)).toEqual([id]);
  expect(failures).toEqual(contexts);
  expect(contexts[0]).toMatchObject({ open: true, closed: { aborted: false } });

  contexts[0]?.askToReconnect();
  await until(() => expect(client.frames.at(-1)).toEqual({ id: null, method: 'reconnect' }));
  contexts[0]?.close(4321, 'for a test');
  expect(contexts[0]?.open).toBe(false);
  expect(await client.closed).toBe(4321);
  await until(() => expect(contexts[0]?.closed.aborted).toBe(true));
});

test('a draining Broadcaster refuses upgrades, asks clients to move, and closes those that stay', async () => {
  await using own = await setUp();
  const [moves, stays] = [await own.connect(), await own.connect()];
  const drained = own.broadcaster.drain({ overMs: 100, graceMs: 60_000 });
  expect(await upgradeStatus(`http://${own.host}/trpc`)).toBe(503);
  for (const client of [moves, stays]) {
    await until(() => expect(client.frames).toEqual([{ id: null, method: 'reconnect' }]));
  }
  moves.ws.close();
  expect(await moves.closed).toBe(1005);
  await until(() => expect(own.broadcaster.connections).toHaveLength(1));
  expect(stays.ws.readyState).toBe(WebSocket.OPEN);
  // A grace that is over at once, in the place of one whose end the machine could meet too early.
  await own.broadcaster.drain({ overMs: 0, graceMs: 0 });
  expect(await stays.closed).toBe(1001);
  await drained;
  expect(own.broadcaster.connections).toEqual([]);
});

test('a Broadcaster that closes waits 1 s, and not 5, for a client that was just cut for reading slowly', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const contexts: ClientConnection[] = [];
  await using own = await setUp({
    createContext: ({ connection }) => {
      contexts.push(connection);
      return {};
    },
  });
  const client = await own.connect();
  await until(() => expect(contexts).toHaveLength(1));
  client.ws.pause();
  contexts[0]?.close(CloseCode.SLOW_CONSUMER, 'for a test');
  const closed = own.broadcaster.close();
  vi.advanceTimersByTime(1_000);
  await closed;
  expect(own.broadcaster.connections).toEqual([]);
});

test('a drain ends as soon as nobody is left, here and in whatever drains alongside', async () => {
  await using own = await setUp();
  const client = await own.connect();
  client.ws.on('message', () => client.ws.close());
  let streams = 1;
  const end = () => {
    streams -= 1;
  };
  const since = performance.now();
  await own.broadcaster.drain({
    overMs: 60_000,
    graceMs: 60_000,
    alongside: { acts: [end], isOver: () => streams === 0 },
  });
  expect(performance.now() - since).toBeLessThan(10_000);
  expect(streams).toBe(0);
});

test('the traffic of a Broadcaster sums up open and closed connections, and instruments are told of each', async () => {
  const metrics = new Metrics();
  const lines: [object, string][] = [];
  const silent = () => {};
  const debug = (...line: [object, string]) => void lines.push(line);
  const logger = { debug, info: silent, warn: silent, error: silent };
  await using own = await setUp({ instruments: metrics, logger });
  metrics.watch({ manager: own.manager, webSockets: own.broadcaster });
  const client = await own.connect();
  await client.flushed();
  const { connections, receivedBytes, sentBytes } = own.broadcaster.traffic;
  expect(connections).toBe(1);
  expect(receivedBytes).toBeGreaterThan(100);
  expect(sentBytes).toBeGreaterThan(100);
  const [{ id } = { id: '' }] = own.broadcaster.connections;
  own.broadcaster.disconnect(id);
  await client.closed;
  await until(() => expect(own.broadcaster.traffic.connections).toBe(0));
  expect(own.broadcaster.traffic.receivedBytes).toBeGreaterThan(receivedBytes);
  expect(own.broadcaster.traffic.sentBytes).toBeGreaterThan(sentBytes);
  expect(await metrics.registry.metrics()).toMatch(/clos\w*{code="1001"} 1/);
  expect(lines).toEqual([
    [{ connection: id }, 'A client connected'],
    [{ connection: id, code: 1001 }, 'A client disconnected'],
  ]);
});

test('a message may have up to 64 KiB, or up to maxMessageBytes', async () => {
  await using small = await setUp();
  await using large = await setUp({ maxMessageBytes: 256 * 1024 });
  const call = { id: 1, method: 'query', params: { path: 'nothing', input: 'x'.repeat(100 * 1024) } };
  const [refused, taken] = [await small.connect(), await large.connect()];
  refused.send(call);
  expect(await refused.closed).toBe(1009);
  taken.send(call);
  expect(JSON.stringify((await taken.frame(1)).error)).toContain('NOT_FOUND');
});

test('events are compressed where compression is on, for clients that accept it', async () => {
  await using own = await setUp({ compression: true });
  await using plain = await setUp();
  expect((await own.connect()).ws.extensions).toContain('permessage-deflate');
  expect((await plain.connect()).ws.extensions).toBe('');
});

test('a running server exposes its Broadcaster; a client whose socket is closed by it resumes by itself', async () => {
  await using server = await startTestServer();
  await using client = wsClient(server.url);
  const messages: string[] = [];
  client.trpc.on.agent_message.subscribe(
    {},
    {
      onData: ({ data }) => {
        messages.push(data.event_type === 'agent_message' ? data.data.message : data.event_type);
      },
    },
  );
  await until(() => expect(messages).toEqual(['stream_synced']));
  const [connection] = server.broadcaster.connections;
  expect(server.broadcaster.disconnect(connection?.id ?? '', 'maintenance')).toBe(true);
  await until(() => expect(server.broadcaster.connections.map(({ id }) => id)).not.toContain(connection?.id));
  await using other = wsClient(server.url);
  await other.trpc.publish.agent_message.mutate({ data: agentMessage('Meanwhile.') });
  await until(() => expect(messages).toContain('Meanwhile.'));
});

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { Broadcaster, createAppRouter, EventManager, MemoryBroker } from '../../server/index.ts';
import { startTestServer, wsClient } from '../app/harness.ts';
import { agentMessage } from '../support/events.ts';
import { RawClient, until } from './harness.ts';

/** An HTTP server of one's own, with a Broadcaster attached. */
async function setUp() {
  const server = createServer((_, reply) => reply.end('mine'));
  const manager = new EventManager({ broker: new MemoryBroker() });
  const broadcaster = new Broadcaster({ server, router: createAppRouter(manager) });
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

test('a Broadcaster attaches to an HTTP server, whose requests stay its own', async () => {
  await using own = await setUp();
  const client = await own.connect();
  client.call(1, 'subscription', 'on.any', { json: {} });
  await client.frame(1, 1);
  await own.manager.publish('agent_message', agentMessage('Attached.'));
  await until(() => expect(client.story(1).join()).toContain('Attached.'));
  expect(await (await fetch(`http://${own.host}/`)).text()).toBe('mine');
});

test('it lists who is connected, and disconnects one by its id', async () => {
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

test('closed, it lets go of clients and server', async () => {
  await using own = await setUp();
  const client = await own.connect();
  await own.broadcaster.close();
  expect(await client.closed).toBe(1001);
  expect(own.server.listenerCount('upgrade')).toBe(0);
});

test('an upgrade of another path is refused, or left to whoever else listens', async () => {
  await using own = await setUp();
  const other = new WebSocket(`ws://${own.host}/other`);
  const [error] = await once(other, 'error');
  expect(String(error)).toContain('404');
  own.server.on('upgrade', (_, socket) => socket.end('HTTP/1.1 418 Teapot\r\n\r\n'));
  const [theirs] = await once(new WebSocket(`ws://${own.host}/other`), 'error');
  expect(String(theirs)).toContain('418');
});

test('a running server has it too; the client whose socket is cut resumes by itself', async () => {
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

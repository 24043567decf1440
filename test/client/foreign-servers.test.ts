import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { agentMessage } from '../support/events.ts';
import { connect } from './connect.ts';
import { eventually } from './eventually.ts';
import { startTestServer } from './test-server.ts';

const started: WebSocketServer[] = [];

function stopAll(): void {
  for (const server of started.splice(0)) {
    for (const socket of server.clients) socket.terminate();
    server.close();
  }
}

afterEach(() => {
  stopAll();
  vi.restoreAllMocks();
});

/** A server that speaks WebSocket and not tRPC. */
async function serveForeign(speak: (socket: WebSocket, text: string) => void): Promise<string> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  started.push(server);
  await once(server, 'listening');
  server.on('connection', (socket) => socket.on('message', (data) => speak(socket, String(data))));
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}/trpc`;
}

/** Answers to the request of each message; heartbeats have none. */
function answering(answer: (id: unknown) => unknown) {
  return (socket: WebSocket, text: string): void => {
    if (text === 'PING') return;
    for (const { id } of [JSON.parse(text)].flat()) socket.send(JSON.stringify(answer(id)));
  };
}

describe('a message that is not tRPC’s does not end the client’s process', () => {
  test.each([
    ['text that is not JSON', (socket: WebSocket) => socket.send('{{{')],
    ['null', (socket: WebSocket) => socket.send('null')],
    ['a list', (socket: WebSocket) => socket.send('[]')],
    ['bytes', (socket: WebSocket) => socket.send(Buffer.from([1, 2, 3]))],
    ['an answer without a result', answering((id) => ({ id }))],
    ['a result that is no object', answering((id) => ({ id, result: 5 }))],
    ['an error without a code', answering((id) => ({ id, error: { json: {} } }))],
  ])('when it is %s', async (_, speak) => {
    await using client = connect({ url: await serveForeign(speak), transports: ['ws'] });
    const publish = client.publish('agent_message', agentMessage(1), { timeoutMs: 60_000 });
    await expect(publish).rejects.toMatchObject({ code: 'INVALID_OPTION' });
    expect(client.connection.state.error?.message).toMatch(/speaks another protocol than tRPC/);
  });

  test.each([
    ['an error', { error: { code: -32600, message: 'no', data: {} } }],
    ['an answer', { result: { data: { id: 'a', cursor: 'b' } } }],
    ['an answer of nothing', { result: {} }],
    ['an item', { result: { type: 'data', id: 'a:1', data: { id: 'a:1', data: 5 } } }],
  ])('when it is %s of a tRPC without a transformer, which the error names', async (_, message) => {
    const url = await serveForeign(answering((id) => ({ id, ...message })));
    await using client = connect({ url, transports: ['ws'] });
    const publish = client.publish('agent_message', agentMessage(1), { timeoutMs: 60_000 });
    await expect(publish).rejects.toMatchObject({ code: 'INVALID_OPTION' });
    expect(client.connection.state.error?.message).toMatch(/initTRPC\.create\(\{ transformer \}\)/);
  });

  test('nor is it told any more of an address where nothing answers by now', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0.01); // waits are short
    const url = await serveForeign((socket) => socket.send('null'));
    await using client = connect({ url, transports: ['ws'] });
    await expect(client.stats({ timeoutMs: 60_000 })).rejects.toMatchObject({ code: 'INVALID_OPTION' });
    stopAll();
    await eventually(() => {
      client.connection.retry();
      expect(client.connection.state.error).toMatchObject({ code: 'UNAVAILABLE' });
    });
  });

  test('and is told once to each subscription, also where each transport says something else of it', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0.01); // waits are short
    let attempts = 0;
    const url = await serveForeign((socket, text) => {
      if (text !== 'PING') return;
      attempts++;
      socket.send('null');
    });
    await using client = connect({ url, transports: ['ws', 'sse'] });
    const told: string[] = [];
    client.on('any', () => {}, { onError: ({ message }) => told.push(message) });
    await eventually(() => {
      client.connection.retry();
      expect(attempts).toBeGreaterThan(2);
    });
    expect(told).toEqual([...new Set(told)]);
    expect(told.join()).toMatch(/speaks another protocol than tRPC/);
  });

  test('when it is an item that is no event, but only its subscription', async () => {
    const item = { json: { id: 'a:1', data: null } };
    const url = await serveForeign(
      answering((id) => ({ id, result: { type: 'data', id: 'a:1', data: item } })),
    );
    await using client = connect({ url, transports: ['ws'] });
    await expect(client.on('any', () => {}, { onError: () => {} }).ready).rejects.toMatchObject({
      code: 'INVALID_OPTION',
    });
    expect(client.connection.state.status).not.toBe('closed');
  });

  test('control: unless the client is tRPC’s own', async () => {
    const url = await serveForeign((socket) => socket.send('{{{'));
    const program = `
      import { createTRPCUntypedClient, createWSClient, wsLink } from '@trpc/client';
      import { WebSocket } from 'ws';
      const client = createWSClient({ url: ${JSON.stringify(url)}, WebSocket });
      createTRPCUntypedClient({ links: [wsLink({ client })] }).query('stats');
      setTimeout(() => process.exit(0), 20_000);
    `;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: 'ignore' });
    expect(await once(child, 'exit')).toEqual([1, null]);
  });
});

test('a token that is neither text nor a function is refused as a mistake, and not tried again', async () => {
  await using server = await startTestServer();
  await using client = connect({ url: server.wsUrl, token: 5 as never });
  const mistake = expect.stringMatching(/token must be text, or a function that returns text, not number/);
  await expect(client.publish('agent_message', agentMessage(1))).rejects.toMatchObject({
    code: 'CLOSED',
    message: mistake,
  });
  expect(client.connection.state).toMatchObject({
    status: 'closed',
    error: { code: 'INVALID_OPTION', message: mistake },
  });
});

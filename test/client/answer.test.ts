import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { createPublisher, type EventsClient } from '../../client/index.ts';
import { transformer } from '../../shared/index.ts';
import { agentMessage } from '../support/events.ts';
import { connect } from './connect.ts';

/** In superjson's format, a date that is none: whoever decodes it throws. */
const BROKEN = { json: { at: 5 }, meta: { values: { at: [['custom', 'nothing']] } } };

interface Request {
  id: number;
  method: string;
}

/** A server of which each answer is what `answer` makes of a request, over WebSocket and HTTP. */
async function startServer(answer: (method: string) => object) {
  let asked = 0;
  const http = createServer((_, res) => {
    asked++;
    res.setHeader('content-type', 'application/json').end(JSON.stringify(answer('mutation')));
  });
  const wss = new WebSocketServer({ server: http });
  wss.on('connection', (socket) =>
    socket.on('message', (raw) => {
      const text = String(raw);
      if (text === 'PING') return socket.send('PONG');
      for (const { id, method } of [JSON.parse(text) as Request | Request[]].flat()) {
        if (method === 'subscription.stop') continue;
        asked++;
        if (method === 'subscription') socket.send(JSON.stringify({ id, result: { type: 'started' } }));
        socket.send(JSON.stringify({ id, ...answer(method) }));
      }
    }),
  );
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const { port } = http.address() as AddressInfo;
  return {
    httpUrl: `http://127.0.0.1:${port}`,
    wsUrl: `ws://127.0.0.1:${port}`,
    asked: () => asked,
    async [Symbol.asyncDispose]() {
      for (const socket of wss.clients) socket.terminate();
      http.close();
      http.closeAllConnections();
    },
  };
}

const undecodable = { name: 'EventsError', code: 'INVALID_EVENT', message: /cannot be decoded/ };
const refused = { ...undecodable, message: expect.stringMatching(undecodable.message) };

describe.each([
  ['result', { result: { type: 'data', data: BROKEN } }],
  ['error', { error: { ...BROKEN, json: { ...BROKEN.json, code: -32603 } } }],
])('an undecodable %s in an answer', (_, body) => {
  test('ends the call over HTTP and WebSocket, and is not requested again', async () => {
    await using server = await startServer(() => body);
    await using client = connect({ url: server.wsUrl, transports: ['ws'] });
    const calls = [
      createPublisher({ url: server.httpUrl }).publish('agent_message', agentMessage(1)),
      client.publish('agent_message', agentMessage(1)),
      client.history(),
    ];
    for (const call of calls) await expect(call).rejects.toMatchObject(refused);
    expect(server.asked()).toBe(calls.length);
  });

  test('ends its subscription for good, and no other', async () => {
    let next: object = body;
    await using server = await startServer(() => next);
    await using client: EventsClient & AsyncDisposable = connect({ url: server.wsUrl, transports: ['ws'] });
    const statuses: string[] = [];
    const errors: Error[] = [];
    const subscription = client.on('any', () => {}, {
      onStatus: (status) => statuses.push(status),
      onError: (error) => errors.push(error),
    });
    await expect(subscription.ready).rejects.toMatchObject(refused);
    await expect.poll(() => statuses.at(-1)).toBe('refused');
    expect(statuses).not.toContain('stale'); // one that subscribes anew on it would do so for ever
    expect(errors).toMatchObject([refused]);
    const synced = { event_type: 'stream_synced', timestamp: '', data: { recovered: true, cursor: 'a:0' } };
    next = { result: { type: 'data', data: transformer.serialize({ id: 'a:0', data: synced }) } };
    await client.on('any', () => {}).ready;
  });
});

test('control: throws an exception between messages if it is decoded where tRPC’s client decodes', () => {
  expect(() => transformer.output.deserialize(BROKEN as never)).toThrow();
});

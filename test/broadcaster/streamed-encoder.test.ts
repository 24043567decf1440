import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { initTRPC } from '@trpc/server';
import { expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { applyBroadcastWSSHandler } from '../../server/broadcaster/apply-handler.ts';

const t = initTRPC.create();
const router = t.router({ hello: t.procedure.query(() => 'hello') });

/** Messages as bytes that are no text, each the other way round. */
const turned = {
  encode: (message: unknown) => Buffer.from(JSON.stringify(message)).map((byte) => 255 - byte),
  decode: (bytes: string | ArrayBuffer | Uint8Array): unknown =>
    JSON.parse(Buffer.from(Buffer.from(bytes as Uint8Array).map((byte) => 255 - byte)).toString()),
};

test('an experimental_encoder is that of WebSockets: a stream of messages has JSON', async () => {
  const http = createServer((request, response) => void handler.serveStream(request, response));
  const wss = new WebSocketServer({ server: http });
  const handler = applyBroadcastWSSHandler({
    wss,
    router,
    createContext: () => ({}),
    experimental_encoder: turned,
  });
  await once(http.listen(0, '127.0.0.1'), 'listening');
  const address = `127.0.0.1:${(http.address() as AddressInfo).port}`;
  const call = { id: 1, method: 'query', params: { path: 'hello' } };
  try {
    const answer = await fetch(`http://${address}/?calls`, { method: 'POST', body: JSON.stringify(call) });
    const [, text = ''] = /^data: (\{"id".*)$/m.exec(await answer.text()) ?? [];
    expect(JSON.parse(text)).toMatchObject({ id: 1, result: { data: 'hello' } });

    const socket = new WebSocket(`ws://${address}`);
    await once(socket, 'open');
    socket.send(turned.encode(call));
    const [bytes] = await once(socket, 'message');
    expect(turned.decode(bytes)).toMatchObject({ id: 1, result: { data: 'hello' } });
    socket.terminate();
  } finally {
    for (const client of wss.clients) client.terminate();
    http.close();
    http.closeAllConnections();
  }
});

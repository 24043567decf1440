import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { initTRPC } from '@trpc/server';
import { createHTTPHandler } from '@trpc/server/adapters/standalone';
import { describe, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import {
  applyBroadcastWSSHandler,
  EventManager,
  eventProcedures,
  MemoryBroker,
  WEBSOCKET_LIMITS,
} from '../../server/index.ts';
import { psycheEvents, transformer } from '../../shared/index.ts';
import { connect } from '../client/connect.ts';
import { noNginx } from '../setup/nginx.ts';
import { agentMessage } from '../support/events.ts';
import { type BehindNginx, startBehindNginx } from './behind-nginx.ts';

/** A tenth of what docs/proxies.md has. Pings are six to it, so that a machine which stalls for a second or two cuts nobody. */
const CUT: [string, string][] = [['proxy_read_timeout 30s;', 'proxy_read_timeout 3s;']];
const PING_MS = 500;

/** An application behind an nginx that cuts after three seconds of silence. */
async function startApp({ pings }: { pings: boolean }) {
  const manager = new EventManager({ broker: new MemoryBroker(), catalog: psycheEvents });
  const t = initTRPC.create({ transformer, sse: { ping: { enabled: pings, intervalMs: PING_MS } } });
  const router = t.router(eventProcedures(manager, t.procedure));
  const http = createServer(createHTTPHandler({ router, basePath: '/trpc/' }));
  const wss = new WebSocketServer({ server: http, path: '/trpc', ...WEBSOCKET_LIMITS });
  let connections = 0;
  wss.on('connection', () => connections++);
  applyBroadcastWSSHandler({ wss, router, keepAlive: { enabled: pings, pingMs: PING_MS } });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const nginx = await startBehindNginx((http.address() as AddressInfo).port, CUT);
  return {
    nginx,
    manager,
    connections: () => connections,
    async [Symbol.asyncDispose]() {
      await nginx[Symbol.asyncDispose]();
      for (const socket of wss.clients) socket.terminate();
      http.close();
      http.closeAllConnections();
      await manager.close();
    },
  };
}

/** A WebSocket that answers pings, and sends nothing by itself. */
async function openSilent({ plainUrl }: BehindNginx): Promise<WebSocket> {
  const socket = new WebSocket(`${plainUrl.replace('http', 'ws')}/trpc`);
  socket.on('message', (data) => {
    if (String(data) === 'PING') socket.send('PONG');
  });
  await once(socket, 'open');
  return socket;
}

/** Reads an event stream until it has words; false when it ends before. */
async function openStream({ plainUrl }: BehindNginx) {
  const response = await fetch(`${plainUrl}/trpc/on.agent_message`);
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  return async (words: string): Promise<boolean> => {
    while (!text.includes(words)) {
      const read = await reader?.read().catch(() => undefined);
      if (read?.value === undefined) return false;
      text += read.value;
    }
    await reader?.cancel();
    return true;
  };
}

describe.skipIf(noNginx !== null)(
  `an nginx that cuts silent connections${noNginx === null ? '' : ` (skipped: ${noNginx})`}`,
  () => {
    test('cuts no connection that the server or our client pings; control: it cuts others', async () => {
      await using pinging = await startApp({ pings: true });
      await using silent = await startApp({ pings: false });
      const socket = await openSilent(pinging.nginx);
      const has = await openStream(pinging.nginx);
      await using client = connect({
        url: silent.nginx.plainUrl,
        keepAlive: { intervalMs: PING_MS, pongTimeoutMs: 20_000 },
      });
      await expect.poll(() => client.connection.state.status).toBe('live');

      // So long as two others take to be cut, one after the other.
      for (const _ of [1, 2]) await once(await openSilent(silent.nginx), 'close');
      expect(await (await openStream(silent.nginx))('never said')).toBe(false);

      expect(socket.readyState).toBe(WebSocket.OPEN);
      await pinging.manager.publish('agent_message', agentMessage('still here'));
      expect(await has('still here')).toBe(true);
      expect(client.connection.state.status).toBe('live');
      // Its own, and the two that were cut.
      expect(silent.connections()).toBe(3);
      socket.close();
    });
  },
);

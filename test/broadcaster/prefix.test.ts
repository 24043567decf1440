import { connect } from 'node:net';
import { initTRPC } from '@trpc/server';
import { applyWSSHandler } from '@trpc/server/adapters/ws';
import { describe, expect, test, vi } from 'vitest';
import { applyBroadcastWSSHandler } from '../../server/broadcaster/apply-handler.ts';
import { startServer } from './harness.ts';

const t = initTRPC.create();
const router = t.router({ hello: t.procedure.query(() => 'hello') });
const serve = applyBroadcastWSSHandler;

describe('with a prefix', () => {
  test('a connection on another path is closed with 1008', async () => {
    await using server = await startServer(serve, { router, prefix: '/trpc' });
    const stranger = await server.connect('/elsewhere');
    expect(await stranger.closed).toBe(1008);
    const client = await server.connect('/trpc');
    client.call(1, 'query', 'hello');
    await client.expectStory(1, ['data:"hello"']);
  });

  test('a connection on another path is left to another handler that serves it', async () => {
    const other = t.router({ hello: t.procedure.query(() => 'the other one') });
    await using server = await startServer(
      (options) => {
        serve({ wss: options.wss, router: other, prefix: '/other' });
        return serve(options);
      },
      { router, prefix: '/trpc' },
    );
    for (const [path, answer] of [
      ['/trpc', 'hello'],
      ['/other', 'the other one'],
    ]) {
      const client = await server.connect(path);
      client.call(1, 'query', 'hello');
      await client.expectStory(1, [`data:"${answer}"`]);
    }
  });

  test('control: tRPC’s own adapter leaves a socket on another path without an error listener', async () => {
    for (const [apply, listeners] of [
      [applyWSSHandler, 0],
      [serve, 1],
    ] as const) {
      await using server = await startServer(apply, { router, prefix: '/trpc' });
      const counted = new Promise((resolve) =>
        server.wss.on('connection', (ws) => {
          resolve(ws.listenerCount('error'));
          ws.on('error', () => {});
        }),
      );
      await server.connect('/elsewhere');
      expect(await counted).toBe(listeners);
    }
  });

  test.each(['/trpc', '/elsewhere'])(
    'six malformed bytes on %s end nothing but their socket',
    async (path) => {
      const uncaught = vi.fn();
      process.on('uncaughtException', uncaught);
      try {
        await using server = await startServer(serve, { router, prefix: '/trpc' });
        const socket = connect(server.port, '127.0.0.1');
        socket.on('error', () => {});
        socket.write(
          `GET ${path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
            'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n',
        );
        socket.write(Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff]));
        await new Promise((resolve) => socket.once('close', resolve).resume());
        const client = await server.connect('/trpc');
        client.call(1, 'query', 'hello');
        await client.expectStory(1, ['data:"hello"']);
        expect(uncaught).not.toHaveBeenCalled();
      } finally {
        process.off('uncaughtException', uncaught);
      }
    },
  );

  test.each(['//', '/?connectionParams=%', 'http://[', '?'])(
    'an upgrade for %s with an invalid Host is served or refused, and is not fatal',
    async (target) => {
      await using server = await startServer(serve, { router });
      const socket = connect(server.port, '127.0.0.1');
      socket.on('error', () => {});
      socket.write(
        `GET ${target} HTTP/1.1\r\nHost: [\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
          'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n',
      );
      const reply = await new Promise<string>((resolve) =>
        socket.once('data', (data) => resolve(data.toString())),
      );
      expect(reply).toMatch(/^HTTP\/1\.1 (101|4\d\d)/);
      socket.destroy();
    },
  );
});

import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { initTRPC } from '@trpc/server';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Broadcaster, type BroadcasterOptions, Metrics } from '../../server/index.ts';
import { RawClient } from './harness.ts';

const t = initTRPC.create();
/** Called when a subscription is over, in the listener of its signal. */
let onAbort = (): void => {};
const router = t.router({
  hello: t.procedure.query(() => 'hello'),
  forever: t.procedure.subscription(async function* ({ signal }) {
    const aborted = new Promise((resolve) => signal?.addEventListener('abort', resolve));
    signal?.addEventListener('abort', () => onAbort());
    yield 'first';
    await aborted;
  }),
});
type Options = Partial<BroadcasterOptions<typeof router>>;
type OnUpgrade = NonNullable<Options['onUpgrade']>;

/** Errors that would have ended the process. */
const uncaught: unknown[] = [];
const note = (cause: unknown): void => void uncaught.push(cause);

beforeEach(() => {
  uncaught.length = 0;
  slow.length = 0;
  onAbort = () => {};
  process.on('uncaughtException', note).on('unhandledRejection', note);
});

afterEach(() => {
  process.off('uncaughtException', note).off('unhandledRejection', note);
  expect(uncaught).toEqual([]);
});

/** Answers of the servers below to `/slow`, which they do not give by themselves. */
const slow: ServerResponse[] = [];

/** A server with a Broadcaster for each of some options. */
async function setUp(...each: Options[]) {
  const server = createServer(
    ({ url }, reply) => void (url === '/slow' ? slow.push(reply) : reply.end('mine')),
  );
  const broadcasters = each.map((options) => new Broadcaster({ ...options, server, router }));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    server,
    port,
    broadcasters,
    async [Symbol.asyncDispose]() {
      await Promise.all(broadcasters.map((broadcaster) => broadcaster.close()));
      server.closeAllConnections();
      server.close();
    },
  };
}

const handshake = (path: string): string =>
  `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';

/** A client that has asked for something, and what it was answered. */
function ask(port: number, text: string): { socket: Socket; readonly text: string } {
  const asked = { socket: connect(port, '127.0.0.1'), text: '' };
  asked.socket.on('data', (data) => {
    asked.text += data;
  });
  asked.socket.on('error', () => {}); // it may be cut
  asked.socket.write(text);
  return asked;
}

/** The first line of the answer to an upgrade, and its body where it is refused. */
async function answerTo(port: number, path: string): Promise<string[]> {
  const asked = ask(port, handshake(path));
  await expect.poll(() => asked.text).toContain('\r\n\r\n');
  if (!asked.text.includes(' 101 ')) await expect.poll(() => asked.socket.closed).toBe(true);
  asked.socket.destroy();
  const [head = '', body = ''] = asked.text.split('\r\n\r\n');
  return [head.split('\r\n')[0] ?? '', body];
}

/** Asks for an upgrade, and resets the connection once the server has it. Resolves when the server knows. */
async function askAndReset(server: Server, port: number, path: string): Promise<void> {
  const upgraded = once(server, 'upgrade');
  const { socket } = ask(port, handshake(path));
  const [, theirs] = (await upgraded) as [unknown, Duplex];
  await nextTurn();
  socket.resetAndDestroy();
  if (!theirs.closed) await new Promise((resolve) => theirs.once('close', resolve));
  await nextTurn();
}

describe('several listen for upgrades of one server', () => {
  test('a client that resets its upgrade of a path that nobody takes does not end the process', async () => {
    await using two = await setUp({ path: '/a' }, { path: '/b' });
    await askAndReset(two.server, two.port, '/nobody');
    await using foreign = await setUp({});
    foreign.server.on('upgrade', () => {}); // such as a development server, which takes its own alone
    await askAndReset(foreign.server, foreign.port, '/nobody');
  });

  test('a path that none of the Broadcasters serves is refused by one; each of the others is taken', async () => {
    await using two = await setUp({ path: '/a' }, { path: '/b' });
    const notFound = ['HTTP/1.1 404 Not Found', '{"message":"Not Found"}'];
    expect(await answerTo(two.port, '/nobody')).toEqual(notFound);
    expect((await answerTo(two.port, '/a'))[0]).toContain(' 101 ');
    expect((await answerTo(two.port, '/b'))[0]).toContain(' 101 ');
    await two.broadcasters[0]?.close();
    expect(await answerTo(two.port, '/a')).toEqual(notFound);
    expect((await answerTo(two.port, '/b'))[0]).toContain(' 101 ');
  });

  test('a path beside a foreign listener is left to it, and keeps no listener of ours beside the guard', async () => {
    await using own = await setUp({ path: '/a' }, { path: '/b' });
    own.server.on('upgrade', (request, socket) => {
      if (request.url !== '/theirs') return;
      socket.end(`HTTP/1.1 418 Teapot\r\n\r\n${socket.listenerCount('error')}`);
    });
    expect(await answerTo(own.port, '/theirs')).toEqual(['HTTP/1.1 418 Teapot', '1']);
  });

  test('a path is served by one Broadcaster, until it closes', async () => {
    await using own = await setUp({ path: '/a' });
    const { server } = own;
    expect(() => new Broadcaster({ server, router, path: '/a' })).toThrow(
      new TypeError('path: another Broadcaster of this server serves /a; give each its own'),
    );
    expect(server.listenerCount('upgrade')).toBe(1);
    const closed = own.broadcasters[0]?.close();
    const next = new Broadcaster({ server, router, path: '/a' });
    await closed;
    expect((await answerTo(own.port, '/a'))[0]).toContain(' 101 ');
    await next.close();
  });
});

describe('the end of a Broadcaster', () => {
  const REFUSED = ['HTTP/1.1 503 Service Unavailable', '{"message":"Service Unavailable"}'];

  test('an upgrade is refused that comes in the tick of close', async () => {
    await using own = await setUp({ path: '/a' });
    let closed: Promise<void> | undefined;
    own.server.prependListener('upgrade', () => {
      closed ??= own.broadcasters[0]?.close();
    });
    expect(await answerTo(own.port, '/a')).toEqual(REFUSED);
    await closed;
    expect(own.broadcasters[0]?.connections).toEqual([]);
  });

  test('upgrades are refused while close waits, also one behind an answer that is owed', async () => {
    await using own = await setUp({ path: '/a' });
    const [broadcaster] = own.broadcasters;
    const mute = ask(own.port, handshake('/a')); // it does not answer the close
    await expect.poll(() => broadcaster?.connections.length).toBe(1);
    const late = ask(own.port, `GET /slow HTTP/1.1\r\nHost: x\r\n\r\n${handshake('/a')}`);
    await expect.poll(() => slow.length).toBe(1);
    const closed = broadcaster?.close();
    expect(await answerTo(own.port, '/a')).toEqual(REFUSED);
    slow[0]?.end('slow');
    await expect.poll(() => late.text).toContain('HTTP/1.1 503 ');
    await closed;
    expect(broadcaster?.traffic.connections).toBe(0);
    expect(own.server.listenerCount('upgrade')).toBe(0);
    mute.socket.destroy();
  });

  test.each(['close', 'drain'] as const)(
    '%s may be called as a subscription ends with its socket',
    async (end) => {
      await using own = await setUp({ path: '/a' });
      let isOver = false;
      onAbort = () => {
        void own.broadcasters[0]?.[end]().then(() => {
          isOver = true;
        });
      };
      const client = new RawClient(`ws://127.0.0.1:${own.port}/a`);
      await client.opened;
      client.call(1, 'subscription', 'forever');
      await client.frame(1, 1);
      client.ws.terminate();
      await expect.poll(() => isOver).toBe(true);
      expect(own.broadcasters[0]?.connections).toEqual([]);
    },
  );

  test('close resolves where instruments fail, and onError is told', async () => {
    const instruments = new Metrics();
    instruments.closed = () => {
      throw new Error('no instrument');
    };
    const told: string[] = [];
    await using own = await setUp({
      path: '/a',
      instruments,
      onError: ({ error }) => void told.push(error.message),
    });
    const client = new RawClient(`ws://127.0.0.1:${own.port}/a`);
    await client.opened;
    await own.broadcasters[0]?.close();
    expect(told).toEqual(['no instrument']);
  });

  test.each([Number.NaN, -1, 2 ** 31])('a drain over %s ms is refused, and nothing drains', async (ms) => {
    await using own = await setUp({ path: '/a' });
    for (const name of ['overMs', 'graceMs']) {
      const drained = own.broadcasters[0]?.drain({ overMs: 1, graceMs: 1, [name]: ms });
      await expect(drained).rejects.toThrow(
        new TypeError(`${name} must be a number from 0 to 2147483647, not ${ms}`),
      );
    }
    expect((await answerTo(own.port, '/a'))[0]).toContain(' 101 ');
  });
});

describe('onUpgrade', () => {
  const FAILED = ['HTTP/1.1 500 Internal Server Error', '{"message":"Internal Server Error"}'];
  const throwing = () => {
    throw new Error('no decision');
  };

  test.each<[string, () => unknown]>([
    ['throws', throwing],
    ['is asynchronous', async () => undefined],
    ['rejects', async () => throwing()],
    ['refuses with no status', () => ({})],
    ['refuses with a status that is none', () => ({ status: 99.5 })],
    ['refuses with a status of success', () => ({ status: 200 })],
    ['refuses with a message that is no text', () => ({ status: 403, message: 1n })],
    ['returns true', () => true],
  ])('that %s is reported, and answered with 500', async (_, onUpgrade) => {
    const logged: string[] = [];
    const silent = () => {};
    const error = (_: object, message: string) => void logged.push(message);
    const logger = { debug: silent, info: silent, warn: silent, error };
    await using own = await setUp({ onUpgrade: onUpgrade as OnUpgrade, logger });
    expect(await answerTo(own.port, '/trpc')).toEqual(FAILED);
    expect(new Set(logged)).toEqual(new Set(['onUpgrade failed']));
    expect(own.broadcasters[0]?.connections).toEqual([]);
  });

  test('that returns null takes the upgrade, as undefined does', async () => {
    const onUpgrade = (() => null) as unknown as OnUpgrade;
    await using own = await setUp({ onUpgrade });
    expect((await answerTo(own.port, '/trpc'))[0]).toContain(' 101 ');
  });

  test('may return a release that throws: it is called once, and reported', async () => {
    const failures = vi.spyOn(console, 'error').mockReturnValue();
    const release = vi.fn(throwing);
    await using own = await setUp({ onUpgrade: () => release });
    expect((await answerTo(own.port, '/trpc'))[0]).toContain(' 101 ');
    await expect.poll(() => failures.mock.calls.length).toBe(1);
    await own.broadcasters[0]?.close();
    expect(release).toHaveBeenCalledOnce();
    failures.mockRestore();
  });
});

describe('a number that has no meaning is refused, and the server left alone', () => {
  test.each<[string, Options]>([
    ...[0, -1, 0.5, Number.NaN, 2 ** 31, Number.POSITIVE_INFINITY].map((bytes): [string, Options] => [
      'maxMessageBytes',
      { maxMessageBytes: bytes },
    ]),
    ['compressFrom', { compressFrom: Number.NaN }],
    ['compressFrom', { compressFrom: -1 }],
    ['keepAlive.pingMs', { keepAlive: { enabled: true, pingMs: 0 } }],
    ['keepAlive.pingMs', { keepAlive: { enabled: true, pingMs: Number.NaN } }],
    ['keepAlive.pongWaitMs', { keepAlive: { enabled: true, pongWaitMs: 2 ** 31 } }],
    ['maxSubscriptions', { maxSubscriptions: 0 }],
  ])('%s: %o', (name, options) => {
    const server = createServer();
    expect(() => new Broadcaster({ ...options, server, router })).toThrow(TypeError);
    expect(() => new Broadcaster({ ...options, server, router })).toThrow(`${name} must be `);
    expect(server.eventNames()).toEqual(createServer().eventNames());
  });
});

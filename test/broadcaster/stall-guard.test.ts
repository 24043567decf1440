import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { expect, test } from 'vitest';
import { StallGuard } from '../../server/broadcaster/socket/stall-guard.ts';
import { Unacknowledged } from '../../server/broadcaster/socket/unacknowledged.ts';
import { createCertificate } from '../setup/certificate.ts';
import { until } from './harness.ts';

const MIB = 1024 * 1024;
const TIMEOUT_MS = 400;

interface Pair extends AsyncDisposable {
  server: Socket;
  client: Socket;
  /** Number of times that the guard cut it. */
  cuts: number;
}

/** The ends of a connection over TLS, or of a plain one. */
async function connection(host: string, isTls: boolean) {
  const { ca, keyFile } = isTls ? await createCertificate() : { ca: '', keyFile: '' };
  const server = isTls ? createTlsServer({ cert: ca, key: await readFile(keyFile) }) : createServer();
  const listener = server.listen(0, host);
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  const client = isTls ? connectTls({ host, port, ca }) : connect(port, host);
  const [end] = (await once(listener, isTls ? 'secureConnection' : 'connection')) as [Socket];
  return { listener, client, server: end };
}

/** A connection whose server's end is watched; the client reads nothing until it is resumed. */
async function watched(guard = new StallGuard(TIMEOUT_MS), host = '127.0.0.1', isTls = false): Promise<Pair> {
  const { listener, client, server } = await connection(host, isTls);
  client.pause();
  for (const socket of [server, client]) socket.on('error', () => {});
  const pair: Pair = {
    server,
    client,
    cuts: 0,
    async [Symbol.asyncDispose]() {
      server.destroy();
      client.destroy();
      listener.close();
      await once(listener, 'close');
    },
  };
  guard.watch(server, {
    cut() {
      pair.cuts += 1;
    },
  });
  return pair;
}

/** Reads what comes, with a rest after each piece. */
function readSlowly(client: Socket, restMs: number): void {
  client.on('data', () => {
    client.pause();
    setTimeout(() => client.resume(), restMs);
  });
  client.resume();
}

test.each([
  ['more than the system’s buffers hold', 32 * MIB],
  ['less than the system’s buffers hold', MIB],
])('[D9] a client that takes nothing is cut when %s waits for it', async (_, bytes) => {
  await using pair = await watched();
  pair.server.write(Buffer.alloc(bytes));
  await until(() => expect(pair.cuts).toBeGreaterThan(0));
});

test('[D9] a client that takes nothing is cut even if more is written to it all the time, and while the system is asked', async () => {
  let writes = 0;
  let more = (): void => {};
  const guard = new StallGuard(TIMEOUT_MS, async () => {
    more();
    const unacknowledged = await Unacknowledged.read();
    more();
    return unacknowledged;
  });
  await using pair = await watched(guard);
  more = () => pair.server.write(Buffer.alloc(++writes)); // each time as much as no time before
  pair.server.write(Buffer.alloc(MIB));
  await until(() => expect(pair.cuts).toBeGreaterThan(0));
});

test('control: without the system’s figures, bytes in the system’s buffers go unnoticed', async () => {
  await using pair = await watched(new StallGuard(TIMEOUT_MS, async () => new Unacknowledged([])));
  pair.server.write(Buffer.alloc(MIB));
  await until(() => expect(pair.server.writableLength).toBe(0));
  await sleep(3 * TIMEOUT_MS);
  expect(pair.cuts).toBe(0);
});

test('a client stays connected if it takes a large write little by little, over TLS too, or if nothing waits for it', async () => {
  // Looks are half a second apart, in which a busy machine reads something.
  const guard = new StallGuard(2_000);
  await using slow = await watched(guard);
  await using slowOverTls = await watched(guard, '127.0.0.1', true);
  await using idle = await watched(guard);
  for (const { server, client } of [slow, slowOverTls]) {
    server.write(Buffer.alloc(64 * MIB));
    readSlowly(client, 10);
  }
  await sleep(4_000);
  // As one write, it looks as if nothing were taken.
  expect([slow, slowOverTls].map(({ server }) => server.writableLength)).toEqual([64 * MIB, 64 * MIB]);
  expect([slow.cuts, slowOverTls.cuts, idle.cuts]).toEqual([0, 0, 0]);
});

test('a client stays connected that takes what the system holds little by little, after more waited in the process', async () => {
  await using slow = await watched(new StallGuard(1_000));
  for (let written = 0; written < 6; written++) slow.server.write(Buffer.alloc(MIB));
  readSlowly(slow.client, 40);
  await until(() => expect(slow.client.bytesRead).toBe(6 * MIB));
  expect(slow.cuts).toBe(0);
});

test.each(['127.0.0.1', '::1'])('the system tells the unread bytes of a connection: %s', async (host) => {
  await using pair = await watched(new StallGuard(60_000), host);
  expect((await Unacknowledged.read()).of(pair.server)).toBeUndefined();
  pair.server.write(Buffer.alloc(MIB));
  await until(() => expect(pair.server.writableLength).toBe(0));
  expect((await Unacknowledged.read()).of(pair.server)).toBeGreaterThan(0);
  pair.client.resume();
  await until(() => expect(pair.client.bytesRead).toBe(MIB));
  while (((await Unacknowledged.read()).of(pair.server) ?? 0) > 0) await sleep(10);
});

test('a socket that another owner took over is not cut', async () => {
  const guard = new StallGuard(TIMEOUT_MS);
  await using pair = await watched(guard);
  pair.server.write(Buffer.alloc(MIB));
  guard.unwatch(pair.server);
  await sleep(3 * TIMEOUT_MS);
  expect(pair.cuts).toBe(0);
});

test('a client that takes nothing is cut, however often its socket is given away and comes back', async () => {
  const guard = new StallGuard(TIMEOUT_MS);
  await using idle = await watched(guard);
  await using pair = await watched(guard);
  pair.server.write(Buffer.alloc(MIB));
  let cuts = 0;
  const back = setInterval(() => {
    guard.unwatch(pair.server);
    guard.watch(pair.server, {
      cut() {
        cuts += 1;
      },
    });
  }, TIMEOUT_MS / 2);
  try {
    await until(() => expect(cuts).toBeGreaterThan(0));
  } finally {
    clearInterval(back);
  }
  expect(idle.cuts).toBe(0);
});

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { StallGuard } from '../../server/broadcaster/socket/stall-guard.ts';
import { Unacknowledged } from '../../server/broadcaster/socket/unacknowledged.ts';
import { until } from './harness.ts';

const MIB = 1024 * 1024;
const TIMEOUT_MS = 400;

interface Pair extends AsyncDisposable {
  server: Socket;
  client: Socket;
  /** Number of times that the guard cut it. */
  cuts: number;
}

/** A connection whose server's end is watched; the client reads nothing until it is resumed. */
async function watched(guard = new StallGuard(TIMEOUT_MS), host = '127.0.0.1'): Promise<Pair> {
  const listener = createServer().listen(0, host);
  await once(listener, 'listening');
  const client = connect((listener.address() as AddressInfo).port, host);
  client.pause();
  const [server] = (await once(listener, 'connection')) as [Socket];
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
  guard.watch(server, () => {
    pair.cuts += 1;
  });
  return pair;
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

test('a client stays connected if it takes a large write little by little, or if nothing waits for it', async () => {
  // Looks are half a second apart, in which a busy machine reads something.
  const guard = new StallGuard(2_000);
  await using slow = await watched(guard);
  await using idle = await watched(guard);
  slow.client.on('data', () => {
    slow.client.pause();
    setTimeout(() => slow.client.resume(), 10);
  });
  slow.server.write(Buffer.alloc(64 * MIB));
  slow.client.resume();
  await sleep(4_000);
  expect(slow.server.writableLength).toBe(64 * MIB); // as one write, it looks as if nothing were taken
  expect([slow.cuts, idle.cuts]).toEqual([0, 0]);
});

test.each(['127.0.0.1', '::1'])('the system tells the unread bytes of a connection: %s', async (host) => {
  await using pair = await watched(new StallGuard(60_000), host);
  expect((await Unacknowledged.read()).of(pair.server)).toBe(0);
  pair.server.write(Buffer.alloc(MIB));
  await until(() => expect(pair.server.writableLength).toBe(0));
  expect((await Unacknowledged.read()).of(pair.server)).toBeGreaterThan(0);
  pair.client.resume();
  await until(() => expect(pair.client.bytesRead).toBe(MIB));
  while ((await Unacknowledged.read()).of(pair.server) > 0) await sleep(10);
});

test('a socket that another owner took over is not cut', async () => {
  const guard = new StallGuard(TIMEOUT_MS);
  await using pair = await watched(guard);
  pair.server.write(Buffer.alloc(MIB));
  guard.unwatch(pair.server);
  await sleep(3 * TIMEOUT_MS);
  expect(pair.cuts).toBe(0);
});

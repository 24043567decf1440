import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { UPGRADE } from '../broadcaster/hostile.ts';
import { size } from './chaos.ts';
import { type ServerChild, startServerChild, TIGHT_HEAP } from './server-child.ts';

const MIB = 1024 * 1024;
const CLIENTS = 8;
const FLOOD_MS = size(1_500, 15_000);
/** Budget of a hostile connection, and the growth of any busy process. */
const ALLOWED_BYTES = CLIENTS * 4 * MIB + 48 * MIB;

/** A frame of a client, masked with zeros. */
function frame(opcode: number, payload: string | Buffer): Buffer {
  const data = Buffer.from(payload);
  const head = data.length < 126 ? [0x80 | data.length] : [0x80 | 126, data.length >> 8, data.length & 0xff];
  return Buffer.concat([Buffer.from([0x80 | opcode, ...head]), Buffer.alloc(4), data]);
}

const call = (method: string, path: string) => ({ id: 1, method, params: { path } });
const SUBSCRIBE = call('subscription', 'on.any');
const STOP = { id: 1, method: 'subscription.stop' };

/** It comes back twice in each answer. */
const LONG_NAME = 'x'.repeat(4 * 1024);

const TEXT = 1;
const PING = 9;
const OVER_WEBSOCKET: Readonly<Record<string, Buffer>> = {
  'ping frames': frame(PING, Buffer.alloc(125)),
  'PING texts': frame(TEXT, 'PING'),
  'stops of nothing': frame(TEXT, JSON.stringify(STOP)),
  'calls that are none': frame(TEXT, '{}'),
  'calls of what is not there': frame(TEXT, JSON.stringify(call('query', 'nothing'))),
  'calls that come back in their answers': frame(TEXT, JSON.stringify(call('query', LONG_NAME))),
  'subscriptions that are stopped at once': frame(TEXT, JSON.stringify([SUBSCRIBE, STOP])),
  'one subscription again and again': frame(TEXT, JSON.stringify(SUBSCRIBE)),
};
const OVER_HTTP: Readonly<Record<string, Buffer>> = {
  'requests for little': Buffer.from('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n'),
  'requests for a head': Buffer.from('HEAD /schema.json HTTP/1.1\r\nHost: localhost\r\n\r\n'),
  'requests for streams': Buffer.from('GET /trpc/on.any HTTP/1.1\r\nHost: localhost\r\n\r\n'),
};

/** One client: sends the same as fast as it is taken, and reads nothing, until the time is over or it is cut. */
async function flood(port: number, unit: Buffer, upgrade: boolean, ms: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1').on('error', () => {});
  await once(socket, 'connect');
  socket.pause();
  if (upgrade) socket.write(UPGRADE('/trpc'));
  const bytes = Buffer.concat(Array.from({ length: Math.ceil((64 * 1024) / unit.length) }, () => unit));
  const end = performance.now() + ms;
  while (performance.now() < end && !socket.destroyed) {
    if (!socket.writableNeedDrain) socket.write(bytes);
    await sleep(socket.writableNeedDrain ? 20 : 0);
  }
  return socket;
}

/** Bytes by which a server has grown after clients flooded it, while they are still there. */
async function growth(server: ServerChild, unit: Buffer, upgrade: boolean, ms = FLOOD_MS): Promise<number> {
  const { residentBytes: before } = await server.state();
  const clients = await Promise.all(
    Array.from({ length: CLIENTS }, () => flood(server.port, unit, upgrade, ms)),
  );
  // Pages that nothing is in go back to the system in their own time; what is held for the clients stays.
  let grown = Number.POSITIVE_INFINITY;
  for (let tries = 0; tries < 20 && grown > ALLOWED_BYTES; tries++) {
    if (tries > 0) await sleep(250);
    const { residentBytes: after } = await server.state();
    grown = Math.min(grown, after - before);
  }
  for (const client of clients) client.destroy();
  return grown;
}

describe('clients that send endlessly and read nothing', () => {
  const kinds = [
    ...Object.entries(OVER_WEBSOCKET).map(([name, unit]) => [name, unit, true] as const),
    ...Object.entries(OVER_HTTP).map(([name, unit]) => [name, unit, false] as const),
  ];
  test('cost a bounded amount of memory, whatever they send', {
    timeout: 60_000 + kinds.length * FLOOD_MS * 10,
  }, async () => {
    await using server = await startServerChild({ adapter: 'ours' }, TIGHT_HEAP);
    const grown: Record<string, number> = {};
    for (const [name, unit, upgrade] of kinds) grown[name] = await growth(server, unit, upgrade);
    const tooMuch = Object.entries(grown).filter(([, bytes]) => bytes > ALLOWED_BYTES);
    expect(tooMuch).toEqual([]);
    expect(await (await fetch(`${server.url}/healthz`)).json()).toEqual({ status: 'ok' });
  });

  test('control: make tRPC’s own adapter keep an answer to each message', { timeout: 600_000 }, async () => {
    await using server = await startServerChild({ adapter: 'stock' }, TIGHT_HEAP);
    const unit = OVER_WEBSOCKET['calls that come back in their answers'] ?? Buffer.alloc(0);
    let grown = 0;
    for (let ms = 4_000; ms <= 128_000 && grown <= ALLOWED_BYTES; ms *= 2) {
      grown = await growth(server, unit, true, ms);
    }
    expect(grown).toBeGreaterThan(ALLOWED_BYTES);
  });
});

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { UPGRADE } from '../broadcaster/hostile.ts';
import { size } from './chaos.ts';
import { type ServerChild, startServerChild, TIGHT_HEAP } from './server-child.ts';

const MIB = 1024 * 1024;
const CLIENTS = 8;
const FLOOD_MS = size(600, 15_000);
/** Ms for which the control floods at most: it ends as soon as it has shown its fault. */
const CONTROL_MS = 240_000;
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

/** One client: sends the same as fast as it is taken, and reads nothing, until it is over or the client is cut. */
async function flood(port: number, unit: Buffer, upgrade: boolean, isOver: () => boolean): Promise<Socket> {
  const socket = connect(port, '127.0.0.1').on('error', () => {});
  await once(socket, 'connect');
  socket.pause();
  if (upgrade) socket.write(UPGRADE('/trpc'));
  const bytes = Buffer.concat(Array.from({ length: Math.ceil((64 * 1024) / unit.length) }, () => unit));
  while (!isOver() && !socket.destroyed) {
    if (!socket.writableNeedDrain) socket.write(bytes);
    await sleep(socket.writableNeedDrain ? 20 : 0);
  }
  return socket;
}

/** Has clients flood a server. @returns those clients, all of which are still there that were not cut */
function floodAll(server: ServerChild, unit: Buffer, upgrade: boolean, isOver: () => boolean) {
  return Promise.all(Array.from({ length: CLIENTS }, () => flood(server.port, unit, upgrade, isOver)));
}

/** Becomes true after a time. */
function timeIsOver(ms: number): () => boolean {
  const end = performance.now() + ms;
  return () => performance.now() >= end;
}

/** Bytes by which a server has grown after clients flooded it, while they are still there. */
async function growth(server: ServerChild, unit: Buffer, upgrade: boolean): Promise<number> {
  const { residentBytes: before } = await server.state();
  const clients = await floodAll(server, unit, upgrade, timeIsOver(FLOOD_MS));
  const grown = await held(server, before);
  for (const client of clients) client.destroy();
  return grown;
}

/** Bytes that stay. Pages that nothing is in go back to the system in their own time; what is held for the clients stays. */
async function held(server: ServerChild, before: number): Promise<number> {
  let grown = Number.POSITIVE_INFINITY;
  for (let tries = 0; tries < 20 && grown > ALLOWED_BYTES; tries++) {
    if (tries > 0) await sleep(250);
    const { residentBytes: after } = await server.state();
    grown = Math.min(grown, after - before);
  }
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
    const { residentBytes: before } = await server.state();
    const isTimeOver = timeIsOver(CONTROL_MS);
    let grown = 0;
    const isOver = () => grown > 1.2 * ALLOWED_BYTES || isTimeOver();
    const flooding = floodAll(server, unit, true, isOver);
    while (!isOver()) {
      await sleep(200);
      grown = (await server.state()).residentBytes - before;
    }
    const clients = await flooding;
    expect(await held(server, before)).toBeGreaterThan(ALLOWED_BYTES);
    for (const client of clients) client.destroy();
  });
});

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import type { SoakOptions } from './server.ts';

/** 50 of 500 clients stop reading a stream of 1 MB/s for a minute [D9]; reliability.md, fault 10. */
const SLOW = 50;
/** Those whose latency is looked at; the other 440 only drain, or this process would be what is slow. */
const PROBES = 10;
const DRAINS = 440;
const SECONDS = Number(process.env['SOAK_SECONDS'] ?? 60);
const MIB = 1024 * 1024;
const EVENT_BYTES = 16 * 1024;
const BYTES_PER_SECOND = Number(process.env['SOAK_BYTES_PER_SECOND'] ?? MIB);
const RATE: Omit<SoakOptions, 'guarded'> = { perSecond: BYTES_PER_SECOND / EVENT_BYTES, bytes: EVENT_BYTES };

const SUBSCRIBE = JSON.stringify({
  id: 1,
  method: 'subscription',
  params: { path: 'on.any', input: { json: {} } },
});

/** A subscriber that reads and looks at nothing; resolves once it is subscribed. */
async function drain(port: number): Promise<Socket> {
  const ws = new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: false });
  const opened = once(ws, 'open'); // emitted in the same turn as the upgrade
  const [{ socket }] = await once(ws, 'upgrade');
  await opened;
  ws.send(SUBSCRIBE);
  await once(ws, 'message');
  socket.removeAllListeners('data');
  socket.on('data', () => {});
  return socket;
}

/** A subscriber that counts, and looks at the beginnings of messages. */
class Client {
  readonly ws: WebSocket;
  readonly latencies: number[] = [];
  readonly opened: Promise<unknown>;
  last = 0;
  first = 0;
  count = 0;
  announced = 0;

  constructor(url: string) {
    this.ws = new WebSocket(url, { perMessageDeflate: false });
    this.opened = once(this.ws, 'open');
    this.ws.on('open', () => this.ws.send(SUBSCRIBE));
    this.ws.on('message', (raw: Buffer) => {
      const text = raw.toString('latin1', 0, 420);
      const message = /"message":"(\d+) (\d+) /.exec(text);
      if (message) {
        const number = Number(message[1]);
        this.first ||= number;
        this.last = number;
        this.count++;
        this.latencies.push(Date.now() - Number(message[2]));
      } else if (text.includes('stream_gap')) {
        this.announced += Number(/"lost":(\d+)/.exec(text)?.[1]);
      }
    });
  }
}

async function ask(server: ChildProcess): Promise<{ residentBytes: number; published: number }> {
  server.send('stats');
  const [answer] = await once(server, 'message');
  return answer;
}

function percentile99(clients: readonly Client[]): number {
  const all = clients.flatMap(({ latencies }) => latencies.splice(0)).sort((a, b) => a - b);
  return all[Math.floor(all.length * 0.99)] ?? Number.NaN;
}

async function start(guarded: boolean, drainCount: number) {
  const options: SoakOptions = { ...RATE, guarded };
  const server = fork(join(import.meta.dirname, 'server.ts'), [JSON.stringify(options)], {
    execArgv: ['--expose-gc', '--import', 'tsx'],
  });
  const clients: Client[] = [];
  const drains: Socket[] = [];
  onTestFinished(() => {
    for (const { ws } of clients) ws.terminate();
    for (const socket of drains) socket.destroy();
    server.kill('SIGKILL');
  });
  const [{ port }] = await once(server, 'message');
  for (let n = 0; n < drainCount; n++) drains.push(await drain(port));
  for (let n = 0; n < SLOW + PROBES; n++) clients.push(new Client(`ws://127.0.0.1:${port}`));
  await Promise.all(clients.map(({ opened }) => opened));
  return { server, slow: clients.slice(0, SLOW), readers: clients.slice(SLOW) };
}

test('[D9] 50 of 500 stop reading: bounded memory, nobody else notices, and everything or an announced gap after', {
  timeout: (SECONDS * 3 + 120) * 1000,
}, async () => {
  const { server, slow, readers } = await start(true, DRAINS);
  await delay(10_000); // warm
  percentile99(readers);
  await delay(SECONDS * 500);
  const p99Before = percentile99(readers);
  const before = await ask(server);
  for (const { ws } of slow) ws.pause();
  await delay(SECONDS * 1000);
  const during = await ask(server);
  const p99During = percentile99(readers);
  const perSlow = (during.residentBytes - before.residentBytes) / SLOW / MIB;
  console.log(
    `slow readers: +${perSlow.toFixed(2)} MiB each; p99 of the others ${p99Before} ms before, ${p99During} ms during`,
  );
  for (const { ws } of slow) ws.resume();
  await expect
    .poll(async () => slow.every(({ last }) => last >= during.published), { timeout: 60_000 })
    .toBe(true);
  for (const { count, announced, first, last } of slow) expect(count + announced).toBe(last - first + 1);
  for (const { count, first, last } of readers) expect(count).toBe(last - first + 1);
  expect(perSlow).toBeLessThan(1.5);
  // A clock of whole milliseconds cannot tell less.
  expect(p99During).toBeLessThanOrEqual(Math.max(p99Before * 1.2, p99Before + 2));
});

test('control: with the groups, whose frames are shared, and backpressure off, the memory bar is missed', {
  timeout: (SECONDS + 120) * 1000,
}, async () => {
  const { server, slow } = await start(false, 0);
  await delay(5_000);
  const before = await ask(server);
  for (const { ws } of slow) ws.pause();
  await delay(Math.min(SECONDS, 20) * 1000);
  const during = await ask(server);
  expect((during.residentBytes - before.residentBytes) / SLOW / MIB).toBeGreaterThan(1.5);
});

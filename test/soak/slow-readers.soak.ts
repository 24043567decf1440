import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { bundle } from '../setup/bundle.ts';
import type { DrainOptions } from './drains.ts';
import type { SoakOptions } from './server.ts';

/** 50 of 500 clients stop reading a stream of 1 MB/s for a minute [D9]; reliability.md, fault 10. */
const SLOW = 50;
/** Readers whose latency is looked at; the other 440 only drain, in a process of their own: this one must not be what is slow. */
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

/** One of the files here as a process that ends with the test. */
function start(file: string, options: SoakOptions | DrainOptions): ChildProcess {
  const child = fork(bundle(join(import.meta.dirname, file)), [JSON.stringify(options)], {
    execArgv: ['--expose-gc'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

async function startAll(guarded: boolean, drainCount: number) {
  const options: SoakOptions = { ...RATE, guarded };
  const server = start('server.ts', options);
  const clients: Client[] = [];
  onTestFinished(() => {
    for (const { ws } of clients) ws.terminate();
  });
  const [{ port }] = await once(server, 'message');
  const drains: DrainOptions = { port, count: drainCount };
  await once(start('drains.ts', drains), 'message');
  for (let n = 0; n < SLOW + PROBES; n++) clients.push(new Client(`ws://127.0.0.1:${port}`));
  await Promise.all(clients.map(({ opened }) => opened));
  return { server, slow: clients.slice(0, SLOW), readers: clients.slice(SLOW) };
}

test('[D9] 50 of 500 clients that stop reading cost bounded memory, affect nobody, and get everything or an announced gap afterwards', {
  timeout: (SECONDS * 4 + 120) * 1000,
}, async () => {
  const { server, slow, readers } = await startAll(true, DRAINS);
  await delay(10_000); // warm
  percentile99(readers);
  const warm = await ask(server);
  await delay(SECONDS * 1000);
  const p99Before = percentile99(readers);
  const before = await ask(server);
  for (const { ws } of slow) ws.pause();
  await delay(SECONDS * 1000);
  const during = await ask(server);
  const p99During = percentile99(readers);
  const perSlow = (during.residentBytes - before.residentBytes) / SLOW / MIB;
  const mib = (bytes: number): string => (bytes / MIB).toFixed(1);
  console.log(
    `slow readers: +${perSlow.toFixed(2)} MiB each; as long before, without any: ${mib(before.residentBytes - warm.residentBytes)} MiB in all; p99 of the others ${p99Before} ms before, ${p99During} ms during`,
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

test('control: the memory bound is missed without groups (which share frames) and without backpressure', {
  timeout: (SECONDS + 120) * 1000,
}, async () => {
  const { server, slow } = await startAll(false, 0);
  await delay(5_000);
  const before = await ask(server);
  for (const { ws } of slow) ws.pause();
  await delay(Math.min(SECONDS, 20) * 1000);
  const during = await ask(server);
  expect((during.residentBytes - before.residentBytes) / SLOW / MIB).toBeGreaterThan(1.5);
});

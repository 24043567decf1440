import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { DeliveryChecker, type DeliveryReader } from '../../verify/index.ts';
import { startEventServer } from '../groups/harness.ts';
import { agentMessage } from '../support/events.ts';
import { size, tell } from './chaos.ts';

const MIB = 1024 * 1024;
const CLIENTS = size(8, 500);
const SLOW = size(2, 50);
const PADDING = 'x'.repeat(16 * 1024);
/** Events of 16 KiB each: far more than the high-water mark and what two kernels hold for a loopback connection. */
const EVENTS = 1500;
const NAME = '10 clients that stop reading';

const SUBSCRIBE = JSON.stringify({
  id: 1,
  method: 'subscription',
  params: { path: 'on.any', input: { json: {} } },
});

/** A subscriber that looks at the beginnings of messages and keeps nothing. */
async function follow(url: string, reader: DeliveryReader): Promise<WebSocket> {
  const ws = new WebSocket(url, { perMessageDeflate: false });
  await once(ws, 'open');
  const synced = new Promise<void>((resolve) => {
    ws.on('message', (raw: Buffer) => {
      const text = raw.toString('latin1', 0, 420);
      const message = /"message":"(p:\d+) /.exec(text)?.[1];
      if (message) reader.event(message);
      else if (text.includes('stream_gap')) reader.gap();
      else if (text.includes('stream_synced')) resolve();
    });
  });
  ws.send(SUBSCRIBE);
  await synced;
  return ws;
}

/** Some stop reading a stream, and read on later. @returns what became of the events, and the most that waited for one of them */
async function stopReading(maxBufferedBytes?: number) {
  await using events = await startEventServer({ maxBufferedBytes, drainTimeoutMs: 600_000 });
  const checker = new DeliveryChecker();
  const all: WebSocket[] = [];
  try {
    while (all.length < CLIENTS) all.push(await follow(events.server.url, checker.reader()));
    const slow = all.slice(0, SLOW);
    const readers = checker.readers.slice(SLOW);
    for (const ws of slow) ws.pause();
    let heldBytes = 0;
    for (let counter = 0; counter < EVENTS; counter++) {
      await events.manager.publish('agent_message', agentMessage(`p:${counter} ${PADDING}`));
      checker.acknowledge('p', counter);
      // As fast as the others read, and no faster: they are to be level all the time.
      while (readers.some(({ delivered }) => delivered < counter - 20)) await new Promise(setImmediate);
      for (const socket of events.sockets.slice(0, SLOW))
        heldBytes = Math.max(heldBytes, socket.writableLength);
    }
    const meanwhile = checker.readers.slice(0, SLOW).map(({ delivered }) => delivered);
    for (const ws of slow) ws.resume();
    await expect.poll(() => checker.isLevel, { timeout: size(20_000, 120_000) }).toBe(true);
    return { report: checker.report(), heldMib: heldBytes / MIB, stopped: Math.max(...meanwhile) < EVENTS };
  } finally {
    for (const ws of all) ws.terminate();
  }
}

describe('when some clients stop reading', { timeout: size(60_000, 600_000) }, () => {
  test('[D9] the server holds little for each, others go on, and they get everything once they read again', async () => {
    const { report, heldMib, stopped } = await stopReading();
    tell(NAME, { ...report, heldMib: Number(heldMib.toFixed(2)) });
    expect(stopped).toBe(true);
    expect(heldMib).toBeLessThan(1.5);
    expect(report).toMatchObject({ silent: 0, announced: 0, duplicated: 0, reordered: 0, gaps: 0 });
    expect(report.delivered).toBe(EVENTS * CLIENTS);
  });

  test('control: the server holds everything for them without the high-water mark', async () => {
    const { heldMib } = await stopReading(Number.POSITIVE_INFINITY);
    tell(NAME, { control: `${heldMib.toFixed(1)} MiB held` });
    expect(heldMib).toBeGreaterThan(5);
  });
});

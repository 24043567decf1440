import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { UPGRADE } from '../broadcaster/hostile.ts';
import { connect as connectClient } from '../client/connect.ts';
import { eventually } from '../client/eventually.ts';
import { agentMessage } from '../support/events.ts';
import { size } from './chaos.ts';
import { startServerChild } from './server-child.ts';

/** Of each kind. */
const SILENT = Number(process.env['SILENT_HANDSHAKES'] ?? size(200, 3_000));
const CUT_MS = size(2_000, 5_000);
/** What a busy machine may be late by; what it was is told. */
const SLACK_MS = 10_000;
const GOOD = 10;

/** How far each kind gets before it says nothing more. */
const KINDS: Readonly<Record<string, string>> = {
  'a connection': '',
  'half of a head': 'GET /trpc/stats HTTP/1.1\r\nHost: x\r\n',
  'a WebSocket that announced params': UPGRADE('/trpc?connectionParams=1'),
};

/** A client that goes with its test. */
function connectOne(url: string) {
  const client = connectClient({ url: `${url}/trpc` });
  onTestFinished(() => client[Symbol.asyncDispose]());
  return client;
}

/** Opens one; resolves with how long it was let be. */
async function silence(port: number, text: string): Promise<{ socket: Socket; lasted: Promise<number> }> {
  const socket = connect(port, '127.0.0.1').on('error', () => {});
  await once(socket, 'connect');
  const since = performance.now();
  const lasted = new Promise<number>((resolve) =>
    socket.once('close', () => resolve(performance.now() - since)),
  );
  socket.write(text);
  socket.resume();
  return { socket, lasted };
}

test(`${3 * SILENT} silent handshakes are cut within ${CUT_MS / 1000} s, and clients that speak do not notice`, {
  timeout: 120_000,
}, async () => {
  await using server = await startServerChild({
    adapter: 'ours',
    config: { handshakeTimeoutMs: CUT_MS },
  });
  const seen: string[][] = [];
  const gaps: unknown[] = [];
  for (let n = 0; n < GOOD; n++) {
    const client = connectOne(server.url);
    const messages: string[] = [];
    seen.push(messages);
    const synced = new Promise<void>((resolve) => {
      client.on('agent_message', ({ data }) => void messages.push(data.message), {
        onSynced: () => resolve(),
        onGap: (gap) => void gaps.push(gap),
      });
    });
    await synced;
  }
  const publisher = connectOne(server.url);
  const sent: string[] = [];
  let done = false;
  const publishing = (async () => {
    while (!done) {
      sent.push(`${sent.length}`);
      await publisher.publish('agent_message', agentMessage(`${sent.length - 1}`));
      await delay(10);
    }
  })();

  const lasted: Record<string, Promise<number>[]> = {};
  for (const [kind, text] of Object.entries(KINDS)) {
    lasted[kind] = [];
    for (let n = 0; n < SILENT; n++) lasted[kind].push((await silence(server.port, text)).lasted);
  }
  const longest: Record<string, number> = {};
  for (const [kind, all] of Object.entries(lasted))
    longest[kind] = Math.round(Math.max(...(await Promise.all(all))));
  done = true;
  await publishing;
  console.log(
    `${SILENT} silent of each kind; cut after at most, in ms: ${JSON.stringify(longest)}; ${sent.length} events published meanwhile`,
  );
  for (const kind of Object.keys(KINDS)) expect(longest[kind], kind).toBeLessThan(CUT_MS + SLACK_MS);
  await eventually(() => expect(seen.every(({ length }) => length >= sent.length)).toBe(true));
  for (const messages of seen) expect(messages).toEqual(sent);
  expect(gaps).toEqual([]);
});

test('control: without the protection they stay', { timeout: 60_000 }, async () => {
  await using server = await startServerChild({ adapter: 'stock' });
  const silent = await Promise.all(Object.values(KINDS).map((text) => silence(server.port, text)));
  await delay(CUT_MS + 2_500);
  expect(silent.map(({ socket }) => socket.readyState)).toEqual(['open', 'open', 'open']);
  for (const { socket } of silent) socket.destroy();
});

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { CloseCode } from '../../shared/protocol.ts';
import { UPGRADE } from '../broadcaster/hostile.ts';
import { connect as connectClient } from '../client/connect.ts';
import { eventually } from '../client/eventually.ts';
import { agentMessage } from '../support/events.ts';
import { size, tell } from './chaos.ts';
import { startServerChild } from './server-child.ts';

/** Connections of each kind. */
const SILENT = Number(process.env['SILENT_HANDSHAKES'] ?? size(200, 3_000));
const CUT_MS = size(2_000, 5_000);
/** Ms that the machine may be late by: in `npm test` it has other things to do, the long form wants it quiet. */
const SLACK_MS = size(10_000, 0);
const GOOD = 10;

/** The point at which each kind falls silent, and the answer that it gets. */
const KINDS: Readonly<Record<string, { said: string; told: string | number }>> = {
  'a connection': { said: '', told: 'HTTP/1.1 408 ' },
  'half of a head': { said: 'GET /trpc/stats HTTP/1.1\r\nHost: x\r\n', told: 'HTTP/1.1 408 ' },
  'a WebSocket that announced params': {
    said: UPGRADE('/trpc?connectionParams=1'),
    told: CloseCode.HANDSHAKE_TIMEOUT,
  },
};

/** A client that goes with its test. */
function connectOne(url: string) {
  const client = connectClient({ url: `${url}/trpc` });
  onTestFinished(() => client[Symbol.asyncDispose]());
  return client;
}

interface Silence {
  socket: Socket;
  /** Ms for which it was tolerated, and its last answer. */
  over: Promise<{ lasted: number; told: Buffer }>;
}

async function silence(port: number, text: string): Promise<Silence> {
  const socket = connect(port, '127.0.0.1').on('error', () => {});
  await once(socket, 'connect');
  const since = performance.now();
  let told = Buffer.alloc(0);
  socket.on('data', (bytes) => {
    told = bytes;
  });
  const closed = once(socket, 'close');
  socket.write(text);
  return { socket, over: closed.then(() => ({ lasted: performance.now() - since, told })) };
}

/** The code of a close frame, or the beginning of an answer. */
const reason = (told: Buffer): string | number =>
  told[0] === 0x88 ? told.readUInt16BE(2) : told.toString().slice(0, 13);

test(`${3 * SILENT} silent handshakes are cut within ${(CUT_MS + SLACK_MS) / 1000} s without affecting other clients`, {
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

  const silences: Record<string, Silence['over'][]> = {};
  for (const [kind, { said }] of Object.entries(KINDS)) {
    silences[kind] = [];
    for (let n = 0; n < SILENT; n++) silences[kind].push((await silence(server.port, said)).over);
  }
  const longest: Record<string, number> = {};
  const reasons: Record<string, unknown> = {};
  for (const [kind, all] of Object.entries(silences)) {
    const over = await Promise.all(all);
    longest[kind] = Math.round(Math.max(...over.map(({ lasted }) => lasted)));
    reasons[kind] = [...new Set(over.map(({ told }) => reason(told)))];
  }
  done = true;
  await publishing;
  console.log(
    `${SILENT} silent of each kind; cut after at most, in ms: ${JSON.stringify(longest)}; ${sent.length} events published meanwhile`,
  );
  tell('15 silent handshakes', {
    clients: 3 * SILENT,
    'cut after at most, ms': Math.max(...Object.values(longest)),
  });
  for (const [kind, { told }] of Object.entries(KINDS)) {
    expect({ kind, told: reasons[kind] }).toEqual({ kind, told: [told] });
    expect(longest[kind], kind).toBeLessThan(CUT_MS + SLACK_MS);
  }
  await eventually(() => expect(seen.every(({ length }) => length >= sent.length)).toBe(true));
  for (const messages of seen) expect(messages).toEqual(sent);
  expect(gaps).toEqual([]);
});

test('control: silent handshakes stay open without the protection', { timeout: 60_000 }, async () => {
  await using server = await startServerChild({ adapter: 'stock' });
  const silent = await Promise.all(Object.values(KINDS).map(({ said }) => silence(server.port, said)));
  await delay(CUT_MS + 2_500);
  expect(silent.map(({ socket }) => socket.readyState)).toEqual(['open', 'open', 'open']);
  for (const { socket } of silent) socket.destroy();
});

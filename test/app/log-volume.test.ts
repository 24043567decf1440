import { Writable } from 'node:stream';
import { pino } from 'pino';
import { expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { createAppRouter, type Logger } from '../../server/index.ts';
import { LimitedLogger } from '../../server/telemetry/limited-logger.ts';
import { startTestServer, upgradeStatus, wsClient } from './harness.ts';

interface Line {
  level: string;
  message: string;
  leftOut?: number;
  n?: number;
}

/** A logger that keeps its lines, and a clock that moves when it is told to. */
function written() {
  const lines: Line[] = [];
  const write = (level: string) => (fields: object, message: string) =>
    void lines.push({ level, message, ...fields });
  const levels = { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
  const logger: Logger = levels;
  let due: { atMs: number; call: () => void }[] = [];
  let nowMs = 0;
  const clock = {
    setTimer(call: () => void, ms: number) {
      const entry = { atMs: nowMs + ms, call };
      due.push(entry);
      return () => {
        due = due.filter((each) => each !== entry);
      };
    },
  };
  const pass = (ms: number): void => {
    nowMs += ms;
    const now = due.filter(({ atMs }) => atMs <= nowMs);
    due = due.filter(({ atMs }) => atMs > nowMs);
    for (const { call } of now) call();
  };
  return { lines, logger, clock, pass, waiting: () => due.length };
}

test('the first line of a kind is written at once, then one every five seconds with the count of the others', () => {
  const { lines, logger, clock, pass, waiting } = written();
  const limited = new LimitedLogger(logger, clock);
  for (let n = 1; n <= 1000; n++) limited.warn({ n }, 'away');
  expect(lines).toEqual([{ level: 'warn', message: 'away', n: 1 }]);
  pass(5_000);
  expect(lines[1]).toEqual({ level: 'warn', message: 'away', n: 1000, leftOut: 998 });
  limited.warn({ n: 1001 }, 'away');
  pass(5_000);
  expect(lines[2]).toEqual({ level: 'warn', message: 'away', n: 1001 });
  pass(5_000);
  expect([lines.length, waiting()]).toEqual([3, 0]);
  limited.warn({ n: 1002 }, 'away');
  expect(lines).toHaveLength(4); // it was quiet: at once again
});

test('lines are of one kind if level and message are equal; debug lines are not limited', () => {
  const { lines, logger, clock } = written();
  const limited = new LimitedLogger(logger, clock);
  for (let times = 0; times < 10; times++) {
    limited.info({}, 'a');
    limited.warn({}, 'a');
    limited.error({}, 'b');
    limited.debug({}, 'c');
  }
  expect(lines.map(({ level, message }) => `${level} ${message}`).slice(0, 4)).toEqual([
    'info a',
    'warn a',
    'error b',
    'debug c',
  ]);
  expect(lines.filter(({ level }) => level !== 'debug')).toHaveLength(3);
  expect(lines.filter(({ level }) => level === 'debug')).toHaveLength(10);
});

test('endlessly different messages use bounded memory', () => {
  const { lines, logger, clock, waiting } = written();
  const limited = new LimitedLogger(logger, clock);
  for (let n = 0; n < 5000; n++) limited.warn({}, `message ${n}`);
  expect(waiting()).toBeLessThan(1100);
  expect(lines.length).toBeLessThan(1100);
});

test('lines still counted are written when the server stops', () => {
  const { lines, logger, clock, waiting } = written();
  const limited = new LimitedLogger(logger, clock);
  for (let n = 1; n <= 3; n++) limited.error({ n }, 'failed');
  limited.flush();
  expect(lines.map(({ n }) => n)).toEqual([1, 3]);
  expect(waiting()).toBe(0);
});

/** A server whose log is in `lines`, with a procedure that always fails. */
async function failingServer() {
  const lines: string[] = [];
  const stream = new Writable({
    write(line, _, done) {
      lines.push(String(line));
      done();
    },
  });
  const fails = vi.fn(() => {
    throw new Error('out of order');
  });
  const server = await startTestServer(
    {},
    {
      logger: pino({ level: 'info' }, stream),
      application: ({ manager }) => ({
        router: createAppRouter(manager, (procedure) => ({ fail: procedure.query(fails) })),
      }),
    },
  );
  const of = (message: string) => lines.filter((line) => line.includes(`"msg":"${message}`));
  return { ...server, lines, fails, of };
}

test('400 failing calls over HTTP and WebSocket write one line every five seconds', async () => {
  await using server = await failingServer();
  await using client = wsClient(server.url);
  for (let times = 0; times < 200; times++) {
    await fetch(`${server.url}/trpc/fail`);
    await (client.trpc as never as { fail: { query(): Promise<void> } }).fail.query().catch(() => {});
  }
  expect(server.fails).toHaveBeenCalledTimes(400); // the control: each of them was a line
  const seconds = 60; // a machine that is this slow still writes one in five
  expect(server.of('A request failed').length).toBeGreaterThan(0);
  expect(server.of('A request failed').length).toBeLessThan(2 + seconds / 5);
});

test('requests of strangers (unknown paths, invalid frames) write no line, and those of foreign hosts and pages one for each name', async () => {
  await using server = await failingServer();
  const before = server.lines.length;
  const url = server.url;
  for (let times = 0; times < 20; times++) {
    await fetch(`${url}/nothing?token=SECRET`);
    await fetch(`${url}/%?token=SECRET`);
    await fetch(`${url}/trpc/nothing?token=SECRET`);
    await fetch(`${url}/trpc/stats`, { headers: { origin: 'http://evil.example' } });
    await upgradeStatus(`${url}/trpc?token=SECRET`, { host: `evil.example:${server.port}` });
    const socket = new WebSocket(`${url.replace('http', 'ws')}/trpc`);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.on('error', () => {});
    // A frame with a bit set that no extension gave a meaning.
    socket.once('open', () =>
      (socket as never as { _socket: NodeJS.WritableStream })._socket.write(
        Buffer.from([0xf1, 0x80, 0, 0, 0, 0]),
      ),
    );
    await closed;
  }
  expect(server.lines.slice(before)).toEqual([
    expect.stringContaining('Pages of http://evil.example may not use the server'),
    expect.stringContaining('A request to evil.example:'),
  ]);
});

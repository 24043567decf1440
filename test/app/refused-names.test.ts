import { expect, test } from 'vitest';
import { JsonLogger, type LogLevel, type ServerOptions } from '../../server/index.ts';
import { RawSocket } from '../access/harness.ts';
import { startTestServer, upgradeStatus } from './harness.ts';

interface Line {
  level: number;
  msg: string;
  code?: string;
  reason?: string;
}

/** A server that logs at a level; what it logged after its start is in `lines`. */
async function startLogging(level: LogLevel, options: ServerOptions = {}) {
  const lines: Line[] = [];
  const logger = new JsonLogger(level, {}, (line) => lines.push(JSON.parse(line)));
  const server = await startTestServer(options, { logger });
  lines.length = 0;
  return { ...server, lines, warnings: () => lines.filter(({ level }) => level === 40) };
}

const VITE = { origin: 'http://localhost:5173' };

test('a page of an origin that is not allowed is told in the log, once, with the variable that allows it', async () => {
  await using server = await startLogging('info');
  const address = `${server.url}/trpc`;
  expect(await upgradeStatus(address, VITE)).toBe(403);
  expect(await upgradeStatus(address, VITE)).toBe(403);
  expect((await fetch(address, { method: 'POST', headers: VITE })).status).toBe(403);
  expect((await fetch(`${address}/stats`, { headers: VITE })).status).toBe(403);
  expect(server.lines.map(({ msg }) => msg)).toEqual([
    'Pages of http://localhost:5173 may not use the server: add this origin to ALLOWED_ORIGINS to allow them',
  ]);
});

test('a name that the server does not go by is told once, and a stranger can fill no log with them', async () => {
  await using server = await startLogging('info');
  const address = `${server.url}/trpc`;
  for (let n = 0; n < 40; n++) await upgradeStatus(address, { host: `a${n}.example:${server.port}` });
  expect(server.warnings()).toHaveLength(20);
  expect(server.warnings()[0]?.msg).toBe(
    `A request to a0.example:${server.port} was refused: add this name to ALLOWED_HOSTS if it is the server's`,
  );
  for (let n = 0; n < 40; n++)
    await upgradeStatus(address, { origin: `http://${n}.example/${'a'.repeat(5000)}` });
  await upgradeStatus(address, { origin: `x\u00e9${'y'.repeat(5000)}` });
  expect(server.warnings()).toHaveLength(40);
  for (const { msg } of server.warnings()) expect(msg).toMatch(/^[ -~]{20,320}$/);
});

test('control: a page of an allowed origin, and a program without one, are let in and not told', async () => {
  await using server = await startLogging('debug', { allowedOrigins: [VITE.origin] });
  expect(await upgradeStatus(`${server.url}/trpc`, VITE)).toBe(101);
  expect(await upgradeStatus(`${server.url}/trpc`)).toBe(101);
  expect(server.warnings()).toEqual([]);
  expect(server.lines.filter(({ msg }) => msg.endsWith('refused'))).toEqual([]);
});

test('at debug each refused connection and request is told with its code', async () => {
  await using server = await startLogging('debug', { maxConnectionsPerAddress: 1 });
  const address = `${server.url}/trpc`;
  await upgradeStatus(address, VITE);
  await upgradeStatus(address, { host: `a.example:${server.port}` });
  await upgradeStatus(`${server.url}/elsewhere`);
  await fetch(`${address}/stats`, { headers: VITE });
  await using socket = new RawSocket(server.url);
  socket.subscribe(1, {});
  await expect.poll(() => socket.synced).toBe(true);
  expect(await upgradeStatus(address)).toBe(429);
  const refused = server.lines.filter(({ msg }) => msg.endsWith('was refused'));
  expect(refused).toMatchObject([
    { msg: 'A connection was refused', code: 'ORIGIN', reason: expect.stringContaining('ALLOWED_ORIGINS') },
    { msg: 'A connection was refused', code: 'HOST', reason: expect.stringContaining('ALLOWED_HOSTS') },
    { msg: 'A connection was refused', code: 'PATH' },
    { msg: 'A request was refused', code: 'FORBIDDEN', reason: expect.stringContaining('ALLOWED_ORIGINS') },
    { msg: 'A connection was refused', code: 'TOO_MANY_CONNECTIONS' },
  ]);
  expect(JSON.stringify(refused)).not.toContain('a.example');
});

import { Writable } from 'node:stream';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { integratePerformanceMonitor, PerformanceMonitor } from '../../server/index.ts';
import { type AnyCatalog, defineEvents, EventsError, psycheEvents } from '../../shared/index.ts';
import { startTestServer } from './harness.ts';

interface Line {
  level: number;
  msg: string;
  err?: unknown;
  reason?: string;
}
const WARN = 40;

/** A server of a catalog, with a monitor that reports each 20 ms; what it logged is in `lines`. */
async function startWatched<C extends AnyCatalog>(catalog: C) {
  const lines: Line[] = [];
  const write = (line: Buffer, _encoding: string, done: () => void): void => {
    lines.push(JSON.parse(String(line)));
    done();
  };
  const logger = pino({ level: 'info' }, new Writable({ write }));
  const server = await startTestServer({ monitorIntervalMs: 20 }, { catalog, logger });
  return { server, lines, problems: () => lines.filter(({ level }) => level >= WARN) };
}

const publishedBy = async (url: string): Promise<number> => {
  const response = await fetch(`${url}/trpc/stats`);
  type Answer = { result: { data: { json: { published: Record<string, number> } } } };
  const { result } = (await response.json()) as Answer;
  return Object.values(result.data.json.published).reduce((sum, count) => sum + count, 0);
};

/** Waits until a server with a monitor has reported ten times. */
async function someReports(): Promise<void> {
  const { server } = await startWatched(psycheEvents);
  await using _ = server;
  await expect.poll(() => publishedBy(server.url)).toBeGreaterThan(10);
}

test('a server with a catalog without system_status runs no monitor and logs no warning', async () => {
  const { server, problems } = await startWatched(defineEvents({ dream: z.object({ symbol: z.string() }) }));
  await someReports();
  expect(problems()).toEqual([]);
  expect(await publishedBy(server.url)).toBe(0);
  await server.close();
});

test('control: a server with the simulation’s catalog runs a monitor', async () => {
  const { server, problems } = await startWatched(psycheEvents);
  await expect.poll(() => publishedBy(server.url)).toBeGreaterThan(2);
  expect(problems()).toEqual([]);
  await server.close();
});

test('a server whose catalog has another system_status warns once, without a stack', async () => {
  const { server, problems } = await startWatched(
    defineEvents({ system_status: z.object({ lamp: z.enum(['on', 'off']) }) }),
  );
  await expect.poll(problems).toHaveLength(1);
  await someReports();
  await server.close(); // what the log had left out comes at the latest now
  expect(problems()).toEqual([
    expect.objectContaining({ level: WARN, reason: expect.stringContaining('data.lamp') }),
  ]);
  expect(problems()[0]).not.toHaveProperty('err');
});

test('control: the monitor logs each publish that an unreachable broker refuses', async () => {
  const warnings: object[] = [];
  const manager = {
    publish: () => Promise.reject(new EventsError('UNAVAILABLE', 'away')),
    stats: () => ({ errors: { overloaded: 0, unavailable: 0, listener: 0, malformed: 0 } }) as never,
  };
  const log = () => {};
  const logger = { debug: log, info: log, error: log, warn: (fields: object) => void warnings.push(fields) };
  const monitor = new PerformanceMonitor();
  const reports = integratePerformanceMonitor(monitor, { manager, logger, intervalMs: 5 });
  await expect.poll(() => warnings.length).toBeGreaterThan(2);
  expect(warnings[0]).toHaveProperty('err');
  reports.stop();
  monitor.close();
});

test('a stopping server logs once that it stops, and once that it has stopped', async () => {
  const { server, lines } = await startWatched(psycheEvents);
  await Promise.all([server.close(), server.close()]);
  const told = lines.map(({ msg }) => msg).filter((msg) => msg.startsWith('The server '));
  expect(told).toEqual(['The server is stopping', 'The server has stopped']);
  expect(lines.at(-1)?.msg).toBe('The server has stopped');
});

test('code of the same process publishes and follows by the server’s manager, which is closed with it', async () => {
  const catalog = defineEvents({ dream: z.object({ symbol: z.string() }) });
  const server = await startTestServer({}, { catalog });
  const heard: string[] = [];
  server.manager.addListener(({ data }) => heard.push(data.symbol));
  await server.manager.publish('dream', { symbol: 'a bridge' });
  expect(await publishedBy(server.url)).toBe(1);
  await expect.poll(() => heard).toEqual(['a bridge']);
  await server.close();
  await expect(server.manager.publish('dream', { symbol: 'a door' })).rejects.toMatchObject({
    code: 'CLOSED',
  });
});

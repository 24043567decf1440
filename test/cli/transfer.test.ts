import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, inject, test, vi } from 'vitest';
import * as z from 'zod';
import type { Authenticate, EventManager } from '../../server/index.ts';
import { defineEvents, psycheEvents } from '../../shared/index.ts';
import { takesTokens, token } from '../access/harness.ts';
import { startTestServer } from '../app/harness.ts';
import { agentMessage } from '../support/events.ts';
import { linesOf, RunningCommand, run } from './command.ts';
import { CommandHere, runHere } from './here.ts';

const catalog = defineEvents({
  ...psycheEvents.schemas,
  dream: z.object({
    at: z.date(),
    seen: z.map(z.string(), z.date()),
    count: z.bigint(),
    nothing: z.undefined().optional(),
  }),
  page: z.object({ content: z.unknown() }),
});

const directory = mkdtempSync(join(tmpdir(), 'psyche-transfer-'));
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(directory, { recursive: true, force: true });
});

async function startServer(authenticate?: Authenticate) {
  const server = await startTestServer({}, { catalog, ...(authenticate && { authenticate }) });
  return { ...server, at: ['--url', server.url] };
}

const eventsOf = async (manager: EventManager<typeof catalog>, topic: string) =>
  (await manager.history({ topic, limit: 1000 })).items.map(({ event }) => event);

// Some commands are processes, and the machine may be busy.
describe('psyche-events', () => {
  test('export and import keep the same events with their times, order, dates, maps and big numbers', async () => {
    await using server = await startServer();
    for (let n = 0; n < 600; n++) {
      const timestamp = new Date(1_700_000_000_000 + n * 1234).toISOString();
      await server.manager.publish('agent_message', agentMessage(n), { topic: 'a', timestamp });
    }
    const dream = { at: new Date(0), seen: new Map([['tower', new Date(1e12)]]), count: 2n ** 80n };
    await server.manager.publish('dream', dream, { topic: 'a' });
    const exported = await run(['export', '--topic', 'a', ...server.at]);
    expect(exported).toMatchObject({ code: 0, stderr: '' });
    expect(exported.stdout.trimEnd().split('\n')).toHaveLength(601);

    const first = await run(['import', '--topic', 'b', ...server.at], exported.stdout);
    expect(first).toMatchObject({ code: 0, stderr: '', stdout: '{"stored":601,"duplicates":0}\n' });
    const file = `${directory}.jsonl`;
    writeFileSync(file, exported.stdout);
    const again = await runHere(['import', file, '--topic', 'b', ...server.at]);
    rmSync(file);
    expect(again.stdout).toBe('{"stored":0,"duplicates":601}\n');

    const original = await eventsOf(server.manager, 'a');
    expect(original.at(-1)).toMatchObject({ event_type: 'dream', data: dream });
    expect(await eventsOf(server.manager, 'b')).toEqual(original);
    // And what is exported again differs by where it is stored only.
    const copy = await runHere(['export', '--topic', 'b', ...server.at]);
    const withoutCursor = (text: string) => text.replace(/"cursor":"[^"]*",/g, '');
    expect(withoutCursor(copy.stdout)).toBe(withoutCursor(exported.stdout));
  });

  test('history, tail and replay print dates, maps and big numbers as export does, and publish accepts them', async () => {
    await using server = await startServer();
    const dream = { at: new Date(0), seen: new Map([['tower', new Date(1e12)]]), count: 2n ** 80n };
    await server.manager.publish('dream', dream, { topic: 'a' });
    const exported = await runHere(['export', '--topic', 'a', ...server.at]);
    const printed = await runHere(['history', '--topic', 'a', ...server.at]);
    expect(printed).toEqual(exported);
    expect(await runHere(['replay', '--topic', 'a', '--speed', '1000', ...server.at])).toEqual(exported);
    await using following = new CommandHere(['tail', '--topic', 'a', '--last', '1', ...server.at]);
    await expect.poll(() => following.stdout, { timeout: 30_000 }).toBe(exported.stdout);

    expect(await runHere(['publish', '--topic', 'b', ...server.at], printed.stdout)).toMatchObject({
      code: 0,
    });
    expect(await eventsOf(server.manager, 'b')).toEqual(await eventsOf(server.manager, 'a'));
  });

  test('[V6] lines tell who published; import into Redis keeps it, and a server names whoever imports', async () => {
    await using server = await startServer(takesTokens);
    const at = [...server.at, '--token', await token({ sub: 'importer' })];
    const publishers = ['alice', undefined, 'bob'];
    for (const by of publishers) {
      await server.manager.publish('agent_message', agentMessage(1), { topic: 'a', by });
    }
    const exported = await runHere(['export', '--topic', 'a', ...at]);
    expect(exported).toMatchObject({ code: 0, stderr: '' });
    const byOf = (lines: string) =>
      lines
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).by);
    expect(byOf(exported.stdout)).toEqual(publishers);
    for (const command of [['history'], ['replay', '--speed', '1000000']])
      expect((await runHere([...command, '--topic', 'a', ...at])).stdout).toBe(exported.stdout);

    // Through a server: whoever is signed in.
    expect(await runHere(['import', '--topic', 'b', ...at], exported.stdout)).toMatchObject({ code: 0 });
    expect((await eventsOf(server.manager, 'b')).map(({ by }) => by)).toEqual(
      publishers.map(() => 'importer'),
    );

    // Straight to Redis: as it was, also where it happens again.
    vi.stubEnv('REDIS_PREFIX', `transfer-${randomUUID()}`);
    const redis = ['--redis', inject('redisUrl')];
    const imported = await run(['import', '--topic', 'b', ...redis], exported.stdout);
    expect(imported).toMatchObject({ code: 0, stderr: '' });
    const again = ['replay', '--topic', 'b', '--into', 'c', '--speed', '1000000', ...redis];
    expect(await runHere(again)).toMatchObject({ code: 0, stderr: '' });
    for (const topic of ['b', 'c'])
      expect(byOf((await runHere(['export', '--topic', topic, ...redis])).stdout)).toEqual(publishers);

    // A line that names nobody who can be is refused by name.
    const wrong = exported.stdout.replace('"by":"bob"', '"by":""');
    const refused = await runHere(['import', '--topic', 'd', ...redis], wrong);
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('Line 3: by: must be text') });
  });

  test.each([
    ['bytes', 'x'.repeat(1_000_000)],
    ['values', Array(120_000).fill(0)],
  ])('publish sends a line of nearly as many %s as a server takes by itself', async (_, large) => {
    await using server = await startServer();
    const lines = [large, ...Array<string>(60).fill('y'.repeat(1_000)), large, 'z'].map(
      (content) => `${JSON.stringify({ content })}\n`,
    );
    const args = ['publish', 'page', '--topic', 'pages', ...server.at];
    const { code, stderr, stdout } = await runHere(args, lines.join(''));
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(linesOf(stdout)).toHaveLength(lines.length);
    const stored = await runHere(['export', '--topic', 'pages', ...server.at]);
    expect(linesOf(stored.stdout).map(({ data }) => `${JSON.stringify(data)}\n`)).toEqual(lines);
  });

  test('import refuses lines that export did not write, with the line number', async () => {
    await using server = await startServer();
    const line = JSON.stringify({ event_type: 'agent_message', data: agentMessage(1) });
    const refused = await runHere(['import', ...server.at], `\n${line}\n`);
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('Line 2 has no cursor') });
    const missing = await runHere(['import', join(directory, 'nowhere'), ...server.at]);
    expect(missing).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/: There is no file .*nowhere\. /),
    });
    const wrong = await runHere(['import', tmpdir(), ...server.at]);
    expect(wrong).toMatchObject({ code: 1, stderr: expect.stringContaining('is a directory. Name a file') });
  });

  test('replay prints a topic or file faster than real time, and can publish it into another topic', async () => {
    await using server = await startServer();
    for (let n = 0; n < 5; n++) {
      const timestamp = new Date(1_700_000_000_000 + n * 3_600_000).toISOString(); // an hour apart
      await server.manager.publish('agent_message', agentMessage(n), { topic: 'a', timestamp });
    }
    const speed = ['--speed', '1000000', ...server.at];
    const printed = await runHere(['replay', '--topic', 'a', ...speed]);
    expect(printed).toMatchObject({ code: 0, stderr: '' });
    const exported = await runHere(['export', '--topic', 'a', ...server.at]);
    expect(printed.stdout).toBe(exported.stdout);

    const started = new Date().toISOString();
    expect(await runHere(['replay', '--topic', 'a', '--into', 'b', ...speed])).toMatchObject({ code: 0 });
    const file = `${directory}.jsonl`;
    writeFileSync(file, exported.stdout);
    const capped = ['--max-pause', '0.001', ...server.at];
    expect(await runHere(['replay', file, '--into', 'b', ...capped])).toMatchObject({ code: 0, stderr: '' });
    rmSync(file);
    const events = await eventsOf(server.manager, 'b');
    const twice = [0, 1, 2, 3, 4, 0, 1, 2, 3, 4];
    expect(events).toMatchObject(twice.map((n) => ({ data: { message: `${n}` } })));
    for (const { timestamp } of events) expect(timestamp >= started).toBe(true);
  });

  test('replay prints a file where no server is, and needs one to publish it', async () => {
    const file = `${directory}.jsonl`;
    writeFileSync(file, `${JSON.stringify({ event_type: 'agent_message', data: agentMessage('Alone') })}\n`);
    const nowhere = ['--url', 'http://127.0.0.1:9/trpc'];
    const { code, stdout, stderr } = await runHere(['replay', file, ...nowhere]);
    expect({ code, stderr, lines: linesOf(stdout) }).toMatchObject({
      code: 0,
      stderr: '',
      lines: [{ event_type: 'agent_message', data: { message: 'Alone' } }],
    });
    expect(await runHere(['replay', file, '--into', 'b', ...nowhere])).toMatchObject({ code: 1, stdout: '' });
    rmSync(file);
  });

  test('replay of a file names the line whose time is none', async () => {
    const file = `${directory}.jsonl`;
    const at = (timestamp: string) =>
      JSON.stringify({ event_type: 'agent_message', timestamp, data: agentMessage('At') });
    writeFileSync(file, `${at('2026-01-31T12:00:00Z')}\n\n${at('yesterday')}\n`);
    const { code, stdout, stderr } = await runHere(['replay', file]);
    expect({ code, lines: linesOf(stdout).length }).toEqual({ code: 1, lines: 1 });
    expect(stderr).toContain('Line 3: timestamp: not an ISO 8601 time with Z or an offset');
    rmSync(file);
  });

  test('replay waits between events, and a signal ends it', async () => {
    await using server = await startServer();
    for (const hour of [0, 1]) {
      const timestamp = new Date(hour * 3_600_000).toISOString();
      await server.manager.publish('agent_message', agentMessage(hour), { topic: 'a', timestamp });
    }
    await using replay = new RunningCommand(['replay', '--topic', 'a', ...server.at]);
    await expect.poll(() => replay.lines, { timeout: 30_000 }).toHaveLength(1);
    replay.child.kill('SIGINT');
    expect(await replay.exit()).toMatchObject({ code: 0, stderr: '' });
    expect(replay.lines).toHaveLength(1);
  });
});

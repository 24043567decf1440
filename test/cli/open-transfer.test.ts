import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, inject, test, vi } from 'vitest';
import { startTestServer } from '../app/harness.ts';
import { approvals, approvalsModule } from './approvals.ts';
import { linesOf, run } from './command.ts';
import { CommandHere, runHere } from './here.ts';

const directory = mkdtempSync(join(tmpdir(), 'psyche-open-transfer-'));
afterAll(() => rmSync(directory, { recursive: true }));
afterEach(() => vi.unstubAllEnvs());

const own = approvalsModule(directory);

/** A server with a topic `a`: a note, a reply that is done, one that is aborted, questions that were settled, and what is open. */
async function startServer() {
  const server = await startTestServer({}, { catalog: approvals });
  const { manager } = server;
  const at = { topic: 'a', by: 'ego' };
  await manager.publish('note', { text: 'first' }, at);
  const done = await manager.begin('reply', { text: '' }, at);
  const aborted = await manager.begin('reply', { text: '' }, at);
  await done.append('whole');
  await done.done();
  await aborted.append('half');
  await aborted.abort('the model stopped');
  const { id } = await manager.opens.begin('approval', { tool: 'deploy' }, at);
  const until = new Date(1e12);
  await manager.answer('approval', id, { allow: true, until }, { topic: 'a', by: 'ada' });
  const { id: withdrawn, key } = await manager.opens.begin('approval', { tool: 'erase' }, at);
  await manager.opens.settle({ topic: 'a', id: withdrawn, key, by: 'ego', state: 'withdrawn' });
  await manager.begin('reply', { text: 'still' }, at);
  await manager.opens.begin('approval', { tool: 'still' }, at);
  await manager.join('viewer', { name: 'Ada' }, at);
  const events = async (topic: string) =>
    (await manager.history({ topic, openings: true })).items.map(({ event }) => event);
  const exported = async (...options: string[]) =>
    (await runHere(['export', '--topic', 'a', ...options, '--url', server.url])).stdout;
  return { ...server, at: ['--url', server.url], events, exported };
}

/** Commands on a Redis of their own, with the catalog. */
function onRedis(): string[] {
  vi.stubEnv('REDIS_PREFIX', `open-transfer-${randomUUID()}`);
  return ['--redis', inject('redisUrl'), '--catalog', own];
}

const withoutCursor = ({ cursor: _, ...line }: { cursor: string }) => line;
const OPEN = 'psyche-events: left out: 2 that were still open; an open event needs an owner\n';
const ABORTED =
  /^psyche-events: stored as complete events: 1 that were aborted, with the text that they had/m;
const QUESTIONS = /^psyche-events: left out: 2 settled questions; a question cannot be published/m;

test.each([[[]], [['--openings']]])(
  'import into Redis keeps settlements as they were, with their answers, and leaves out what is open: export %j',
  async (options) => {
    await using server = await startServer();
    const redis = onRedis();
    const exported = await server.exported(...options);
    const whole = linesOf(exported)
      .filter(({ open }) => open?.state !== 'open')
      .map(withoutCursor);
    expect(whole).toMatchObject([
      { data: { text: 'first' } },
      { data: { text: 'whole' }, open: { state: 'done' } },
      { data: { text: 'half' }, open: { state: 'aborted', reason: 'the model stopped' } },
      { by: 'ada', open: { state: 'answered' }, answer: { allow: true, until: new Date(1e12).toJSON() } },
      { by: 'ego', open: { state: 'withdrawn' } },
    ]);
    const imported = await runHere(['import', '--topic', 'b', ...redis], exported);
    expect(imported).toEqual({
      code: 0,
      stdout: '{"stored":5,"duplicates":0,"leftOut":2}\n',
      stderr: OPEN,
    });
    const again = await runHere(['import', '--topic', 'b', ...redis], exported);
    expect(again.stdout).toBe('{"stored":0,"duplicates":5,"leftOut":2}\n');
    const copy = await runHere(['export', '--topic', 'b', '--openings', ...redis]);
    expect(copy).toMatchObject({ code: 0, stderr: '' });
    expect(linesOf(copy.stdout).map(withoutCursor)).toEqual(whole);
    expect(await runHere(['open', '--topic', 'b', ...redis])).toMatchObject({ code: 0, stdout: '' });
    // And publish takes the same lines in the same way.
    const published = await runHere(['publish', '--topic', 'c', ...redis], exported);
    expect(published).toMatchObject({ code: 0, stderr: OPEN });
    const copies = await runHere(['history', '--topic', 'c', ...redis]);
    expect(linesOf(copies.stdout).map(withoutCursor)).toEqual(whole);
  },
);

test('import through a server stores what has grown as complete events, and leaves out questions', async () => {
  await using server = await startServer();
  const exported = await server.exported();
  const { code, stdout, stderr } = await runHere(['import', '--topic', 'b', ...server.at], exported);
  expect({ code, stdout }).toEqual({ code: 0, stdout: '{"stored":3,"duplicates":0,"leftOut":4}\n' });
  expect(stderr).toContain(OPEN);
  expect(stderr).toMatch(QUESTIONS);
  expect(stderr).toContain('import straight into Redis, with --redis');
  expect(stderr).toMatch(ABORTED);
  expect(stderr).toContain('or into a file by code, with `settled` of publishBatch');
  const copies = await server.events('b');
  expect(copies.map(({ data }) => data)).toEqual(['first', 'whole', 'half'].map((text) => ({ text })));
  for (const copy of copies) expect(copy).not.toHaveProperty('open');
});

test('a settlement that cannot be one is refused with its line, and nothing of its batch is stored', async () => {
  const redis = onRedis();
  const note = { cursor: 'e:1', event_type: 'note', data: { text: 'first' } };
  const settled = (open: object, more = {}) => {
    const asked = { cursor: 'e:2', event_type: 'approval', data: { tool: 'x' } };
    return `${JSON.stringify(note)}\n${JSON.stringify({ ...asked, open, ...more })}\n`;
  };
  const question = { id: 'q', kind: 'question' };
  for (const [input, why] of [
    [settled({ id: 'q' }), 'Line 2: open is not what export writes'],
    [settled({ ...question, state: 'done' }), 'Line 2: open: open.state is none of open, answered'],
    [settled({ ...question, kind: 'growing', state: 'done' }), 'Line 2: open: open.kind is not question'],
    [settled({ ...question, state: 'answered' }), 'Line 2: answer: an event has an answer if'],
    [settled({ ...question, state: 'expired' }, { answer: { allow: true } }), 'Line 2: answer: an event has'],
  ] as const) {
    const refused = await runHere(['import', ...redis], input);
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toContain(`psyche-events: ${why}`);
    expect(refused.stderr).toContain('Nothing was stored from line 1 on.');
  }
  // An answer is checked by the catalog, of which the built command has the same copy.
  const wrong = settled({ ...question, state: 'answered' }, { answer: { allow: 1 } });
  const refused = await run(['import', ...redis], wrong, { REDIS_PREFIX: process.env['REDIS_PREFIX'] ?? '' });
  expect(refused.stderr).toMatch(
    /^psyche-events: Line 2: data\.allow: .* Nothing was stored from line 1 on\.$/m,
  );
  expect(await runHere(['history', ...redis])).toMatchObject({ code: 0, stdout: '' });
});

test('replay --into publishes what has grown as complete events that happen now, of a topic and of a file', async () => {
  await using server = await startServer();
  const file = join(directory, 'replay.jsonl');
  writeFileSync(file, await server.exported());
  const speed = ['--speed', '1000000', ...server.at];
  for (const [into, from] of [
    ['b', ['--topic', 'a']],
    ['c', [file]],
  ] as const) {
    const replayed = await runHere(['replay', ...from, '--into', into, ...speed]);
    expect(replayed).toMatchObject({ code: 0, stdout: '', stderr: expect.stringMatching(QUESTIONS) });
    expect(replayed.stderr).toContain(OPEN);
    expect(replayed.stderr).toMatch(ABORTED);
    const copies = await server.events(into);
    expect(copies.map(({ data }) => data)).toEqual(['first', 'whole', 'half'].map((text) => ({ text })));
    for (const copy of copies) expect(copy).not.toHaveProperty('open');
  }
  // What is printed is all that the file has.
  const printed = await runHere(['replay', file, ...speed]);
  expect(linesOf(printed.stdout)).toEqual(linesOf(await server.exported()));
});

test('lines of tail are published when their events were settled; without a record they stay out', async () => {
  await using server = await startTestServer({}, { catalog: approvals });
  const { manager } = server;
  const at = ['--url', server.url];
  await using tail = new CommandHere(['tail', '--topic', 'a', ...at]);
  const viewer = await manager.join('viewer', { name: 'Ada' }, { topic: 'a' });
  await expect.poll(() => tail.lines).toHaveLength(1);
  const reply = await manager.begin('reply', { text: '' }, { topic: 'a' });
  await manager.publish('typing', { who: 'Ada' }, { topic: 'a' });
  await reply.append('whole');
  await reply.done();
  await viewer.close();
  await expect
    .poll(() => tail.lines.map(({ event_type }) => event_type))
    .toEqual([...['viewer', 'reply', 'typing', 'reply', 'reply', 'viewer']]);
  const published = await runHere(['publish', '--topic', 'b', ...at], tail.stdout);
  expect(published).toMatchObject({
    code: 0,
    stderr: 'psyche-events: left out: 3 that no log stores, such as members who join and leave\n',
  });
  const { items } = await manager.history({ topic: 'b' });
  expect(items.map(({ event }) => event.data)).toEqual([{ text: 'whole' }]);
});

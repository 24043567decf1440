import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { toText } from '../../cli/events/format.ts';
import { ShownOnce } from '../../cli/events/shown-once.ts';
import { startTestServer } from '../app/harness.ts';
import { approvals } from './approvals.ts';
import { linesOf } from './command.ts';
import { CommandHere, runHere } from './here.ts';

const TOPIC = 't';

async function startServer() {
  const server = await startTestServer({}, { catalog: approvals });
  return { ...server, at: ['--url', server.url, '--topic', TOPIC] };
}

test('[O1] open prints a question, answer answers it once, and tells who comes later how it was settled', async () => {
  await using server = await startServer();
  const asked = server.manager.ask('approval', { tool: 'deploy' }, { topic: TOPIC });
  await expect.poll(async () => (await server.manager.openEvents({ topic: TOPIC })).items).toHaveLength(1);
  const open = await runHere(['open', '--types', 'approval', ...server.at]);
  expect(open).toMatchObject({ code: 0, stderr: '' });
  const [line] = JSON.parse(`[${open.stdout.trim()}]`);
  expect(line).toMatchObject({ data: { tool: 'deploy' }, open: { kind: 'question', state: 'open' } });
  expect(await runHere(['open', '--types', 'reply', ...server.at])).toMatchObject({ code: 0, stdout: '' });

  const answer = (json: string) => runHere(['answer', 'approval', line.open.id, json, ...server.at]);
  expect(await answer('{')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('The answer is not JSON'),
  });
  expect(await answer('{"allow":1}')).toMatchObject({ code: 1, stderr: expect.stringContaining('allow') });
  const first = await answer('{"allow":true}');
  expect(first).toMatchObject({ code: 0, stderr: '' });
  expect(JSON.parse(first.stdout)).toEqual({ cursor: expect.any(String) });
  expect(await asked).toMatchObject({ state: 'answered', answer: { allow: true } });
  expect(await answer('{"allow":false}')).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringContaining('settled before, as answered'),
  });
});

test('[O7] history, export and replay print openings where they are asked for; tail prints each growth', async () => {
  await using server = await startServer();
  await using tail = new CommandHere(['tail', ...server.at]);
  const texts = () => tail.lines.map(({ data }) => (data as { text: string }).text);
  const reply = await server.manager.begin('reply', { text: 'a' }, { topic: TOPIC });
  await expect.poll(texts, { timeout: 30_000 }).toEqual(['a']);
  await reply.append('b');
  await expect.poll(texts, { timeout: 30_000 }).toEqual(['a', 'ab']);
  await reply.done();
  await expect.poll(texts, { timeout: 30_000 }).toEqual(['a', 'ab', 'ab']);
  for (const command of [['history'], ['export'], ['replay', '--speed', '1000']]) {
    const whole = await runHere([...command, ...server.at]);
    expect(linesOf(whole.stdout)).toMatchObject([{ data: { text: 'ab' }, open: { state: 'done' } }]);
    const both = await runHere([...command, '--openings', ...server.at]);
    expect(linesOf(both.stdout)).toMatchObject([
      { data: { text: 'a' }, open: { state: 'open' } },
      { data: { text: 'ab' }, open: { state: 'done' } },
    ]);
  }
});

test.each([
  ['reply', 'reply is a text that grows, so'],
  ['viewer', 'viewer is a presence, a member who is there, so'],
  ['typing', 'typing is ephemeral, an event that is never open, so'],
  ['note', 'note is complete when it is published, so'],
])('an answer to %s, which is no question, says that questions can be answered', async (type, words) => {
  await using server = await startServer();
  expect(await runHere(['answer', type, `${type}.x`, '{"allow":true}', ...server.at])).toEqual({
    code: 1,
    stdout: '',
    stderr: `psyche-events: ${words} it has no answer. Questions can be answered: those of this catalog are approval.\n`,
  });
});

test('a terminal shows who asks, what is open, its id and for how long', async () => {
  await using server = await startServer();
  const { id } = await server.manager.opens.begin('approval', { tool: 'x' }, { topic: TOPIC, by: 'ego' });
  await using open = new CommandHere(['open', ...server.at], '', { isRead: true });
  const { code, stdout } = await open.exit();
  expect(code).toBe(0);
  expect(stripVTControlCharacters(stdout)).toMatch(
    new RegExp(`^for [0-9]+ s approval open ${id} by ego \\{"tool":"x"\\}\\n$`),
  );
});

test('a server whose events are all complete has none that are open', async () => {
  await using server = await startTestServer();
  const open = await runHere(['open', '--url', server.url]);
  expect(open).toMatchObject({ code: 1, stdout: '' });
  expect(open.stderr).toMatch(/^psyche-events: No event of this server can be open, or .*\n$/);
  const answer = await runHere(['answer', 'approval', 'approval.x', '{}', '--url', server.url]);
  expect(answer).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(/No event is named.*\n$/),
  });
});

test('a terminal shows an event that grows at its opening and its settlement', () => {
  const shown = new ShownOnce();
  const news = (state: string) =>
    shown.isNews({ event_type: 'reply', open: { id: 'r', kind: 'growing', state } });
  expect([news('open'), news('open'), news('done')]).toEqual([true, false, true]);
  expect(shown.isNews({ event_type: 'other' })).toBe(true);
});

test('a line for people has the state, the id and the answer', () => {
  const item = {
    event_type: 'approval',
    timestamp: '2026-01-31T12:00:00.500Z',
    data: { tool: 'x' },
    by: 'ada',
  };
  const open = { id: 'q', kind: 'question', state: 'answered' };
  expect(stripVTControlCharacters(toText({ ...item, open, answer: { allow: true } }))).toBe(
    '12:00:00.500 approval answered q by ada {"tool":"x"} → {"allow":true}',
  );
});

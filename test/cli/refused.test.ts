import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { httpClient, startTestServer } from '../app/harness.ts';
import { agentMessage } from '../support/events.ts';
import { jsonl, linesOf, MAIN, RunningCommand, run } from './command.ts';
import { runHere } from './here.ts';

// Some commands are processes, and the machine may be busy.
describe('a command that fails', () => {
  const invalid = { ...agentMessage('x'), sentiment: { score: 2, label: 'positive' } };
  const tooBig = 'data.sentiment.score: Too big: expected number to be <=1';
  test.each([
    {
      name: 'invalid data',
      args: ['publish', 'agent_message', JSON.stringify(invalid)],
      message: `psyche-events: ${tooBig}`,
    },
    {
      name: 'invalid data in a line of the input',
      args: ['publish', 'agent_message'],
      input: jsonl([agentMessage(1), invalid]),
      message: `psyche-events: Line 2: ${tooBig}. Nothing was stored from line 1 on.`,
    },
    {
      name: 'data that is not JSON',
      args: ['publish', 'agent_message', '{'],
      message: 'psyche-events: The data is not JSON: ',
    },
    {
      name: 'a line that is not an event',
      args: ['publish'],
      input: '{"data":{}}',
      message: 'psyche-events: Line 1 is not an event: ',
    },
    {
      name: 'publishing an unknown type',
      args: ['publish', 'nothing', '{}'],
      message: 'psyche-events: event_type: No event is named "nothing". The catalog has: agent_message',
    },
    {
      name: 'the history of an unknown type',
      args: ['history', '--types', 'nothing'],
      message: 'psyche-events: types.0: No event is named "nothing". The catalog has: agent_message',
    },
    {
      name: 'following an unknown type',
      args: ['tail', '--types', 'nothing'],
      message: 'psyche-events: types.0: No event is named "nothing". The catalog has: agent_message',
    },
    {
      name: 'an invalid position',
      args: ['tail', '--since', 'nowhere:1x'],
      message: "error: option '--since <position>' argument 'nowhere:1x' is invalid. Pass a cursor",
    },
    {
      name: 'a position that is a word',
      args: ['history', '--since', 'yesterday'],
      message:
        "error: option '--since <position>' argument 'yesterday' is invalid. Pass a cursor, as events are printed with, or an ISO 8601 time such as 2026-01-31T12:00Z.",
    },
    {
      name: 'a cursor of another form',
      args: ['tail', '--since', 'nowhere:12345678901234567'],
      message: 'psyche-events: since: Not a cursor',
    },
    {
      name: 'stats of Redis',
      args: ['stats', '--redis', 'redis://127.0.0.1:1'],
      message: "error: unknown option '--redis'",
    },
    {
      name: 'an invalid topic',
      args: ['tail', '--topic', '.'],
      message: 'psyche-events: topic: A topic is 1–128 characters',
    },
    {
      name: 'a filter that is not JSON',
      args: ['tail', '--filter', 'agent_id=ego'],
      message: "error: option '--filter <json>' argument 'agent_id=ego' is invalid.",
    },
    {
      name: 'a filter by an unknown field',
      args: ['history', '--filter', '{"agent":"ego"}'],
      message: 'psyche-events: Invalid filter: filter › agent: ',
    },
    {
      name: 'an invalid number',
      args: ['tail', '--last', 'none'],
      message: "error: option '--last <n>' argument 'none' is invalid.",
    },
  ])('exits with code 1 and one line that names the problem: $name', async ({ args, input, message }) => {
    await using server = await startTestServer();
    const { code, stdout, stderr } = await runHere([...args, '--url', server.url], input);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr.startsWith(message), stderr).toBe(true);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    const { items } = await httpClient(server.url).history.query();
    expect(items).toEqual([]); // nothing was stored
  });

  test('tells from which line on nothing was stored, where batches before it were', async () => {
    await using server = await startTestServer();
    const events = Array.from({ length: 600 }, (_, n) => agentMessage(n));
    const input = jsonl([...events, invalid]);
    const { stdout, stderr } = await run(['publish', 'agent_message', '--url', server.url], input);
    const [, line] =
      /^psyche-events: Line 601: .* Nothing was stored from line ([0-9]+) on\.$/m.exec(stderr) ?? [];
    expect(linesOf(stdout)).toHaveLength(Number(line) - 1);
    const { items } = await httpClient(server.url).history.query({ limit: 1000 });
    expect(items).toHaveLength(Number(line) - 1);
  });

  test('loses nothing that was printed before, however late it is read', async () => {
    const ending = pathToFileURL(join(MAIN, '../ending.js')).href;
    const program = `
      import { fail } from '${ending}';
      process.stdout.write('x'.repeat(1_000_000));
      fail(new Error('It failed'));`;
    const node = [process.execPath, '--input-type=module', '--eval'] as const;
    await using command = new RunningCommand([program], {}, node);
    command.child.stdout.pause();
    await expect.poll(() => command.stderr, { timeout: 30_000 }).toContain('It failed');
    command.child.stdout.resume();
    expect(await command.exit()).toMatchObject({ code: 1 });
    expect(command.stdout).toHaveLength(1_000_000);
  });

  test.each([
    ['tail', '--url', 'http://127.0.0.1:1'],
    ['publish', 'agent_message', '{}', '--url', 'http://127.0.0.1:1'],
    ['stats', '--url', 'nowhere'],
    ['history', '--redis', 'redis://127.0.0.1:1'],
    ['history', '--redis', 'http://127.0.0.1:1'],
  ])('exits with code 1 and one line when nothing answers: %s %s %s', async (...args) => {
    const { code, stdout, stderr } = await runHere(args);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^psyche-events: .+\n$/);
  });
});

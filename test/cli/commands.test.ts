import { once } from 'node:events';
import { describe, expect, inject, test } from 'vitest';
import { httpClient, startTestServer } from '../app/harness.ts';
import { agentMessage } from '../support/events.ts';
import { RunningCommand, run } from './command.ts';
import { CommandHere, runHere } from './here.ts';

const lines = (stdout: string) =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
const jsonl = (values: readonly unknown[]) => values.map((value) => `${JSON.stringify(value)}\n`).join('');

// Some commands are processes, and the machine may be busy.
describe('psyche-events', { timeout: 60_000 }, () => {
  test('publish, history and tail print what they are given as one line of JSON each', async () => {
    await using server = await startTestServer();
    const at = ['--url', server.url, '--topic', 't'];
    const published = await run(['publish', 'agent_message', JSON.stringify(agentMessage('one')), ...at]);
    expect(published).toMatchObject({ code: 0, stderr: '' });
    const [{ cursor }] = lines(published.stdout);
    await using tail = new RunningCommand(['tail', '--last', '10', ...at]);
    await expect.poll(() => tail.lines, { timeout: 30_000 }).toHaveLength(1);
    expect(tail.lines[0]).toMatchObject({ cursor, event_type: 'agent_message', data: agentMessage('one') });

    const many = Array.from({ length: 700 }, (_, index) => agentMessage(index));
    const batch = await run(['publish', 'agent_message', ...at], jsonl(many));
    expect(lines(batch.stdout)).toHaveLength(700);
    await expect.poll(() => tail.lines.length, { timeout: 30_000 }).toBe(701);
    expect(tail.lines.slice(1).map(({ data }) => data)).toEqual(many);

    const history = await run(['history', '--since', cursor, ...at]);
    expect(lines(history.stdout)).toEqual(tail.lines.slice(1));
    tail.child.kill('SIGINT');
    expect(await tail.exit()).toMatchObject({ code: 0, stderr: '' });
  });

  test('publish accepts what history prints, also into another topic', async () => {
    await using server = await startTestServer();
    const url = ['--url', server.url];
    await runHere(
      ['publish', 'agent_message', '--topic', 'a', ...url],
      jsonl([agentMessage(1), agentMessage(2)]),
    );
    const { stdout } = await runHere(['history', '--topic', 'a', ...url]);
    expect(await runHere(['publish', '--topic', 'b', ...url], stdout)).toMatchObject({ code: 0, stderr: '' });
    const copies = lines((await runHere(['history', '--topic', 'b', ...url])).stdout);
    const withoutCursor = ({ cursor: _, ...event }: { cursor: string }) => event;
    expect(copies.map(withoutCursor)).toEqual(lines(stdout).map(withoutCursor));
  });

  test('[V7] erase takes events back, once it is said that they are meant', async () => {
    await using server = await startTestServer();
    const at = ['--url', server.url, '--topic', 't'];
    const published = await runHere(['publish', 'agent_message', ...at], jsonl([1, 2, 3].map(agentMessage)));
    const [{ cursor }] = lines(published.stdout);
    const unsaid = await runHere(['erase', '--cursor', cursor, ...at]);
    expect(unsaid).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('pass --yes') });
    const which = await runHere(['erase', '--yes', '--types', 'agent_message', ...at]);
    expect(which).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('--filter') });
    const erased = await run(['erase', '--cursor', cursor, '--yes', ...at]);
    expect(erased).toMatchObject({ code: 0, stdout: '{"erased":1}\n', stderr: '' });
    const filter = JSON.stringify({ message: '3' });
    const dry = await runHere(['erase', '--filter', '{}', ...at]);
    expect(dry).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('erase: matching events: 2; nothing'),
    });
    const more = await runHere(['erase', '--filter', filter, '--types', 'agent_message', '--yes', ...at]);
    expect(more).toMatchObject({ code: 0, stdout: '{"erased":1}\n' });
    const left = lines((await runHere(['history', ...at])).stdout);
    expect(left.map(({ event_type, data }) => data.message ?? [event_type, data.reason])).toEqual([
      ['stream_gap', 'erased'],
      '2',
      ['stream_gap', 'erased'],
    ]);
  });

  test('[D4] history and tail print gaps', async () => {
    await using server = await startTestServer({ retentionMaxRecords: 2 });
    const at = ['--url', server.url, '--topic', 't'];
    const first = await runHere(['publish', 'agent_message', ...at], jsonl([agentMessage(0)]));
    await runHere(['publish', 'agent_message', ...at], jsonl([1, 2, 3, 4].map(agentMessage)));
    const since = ['--since', lines(first.stdout)[0].cursor, ...at];
    const lost = { event_type: 'stream_gap', data: { lost: 2, reason: 'trimmed' } };
    const history = lines((await runHere(['history', ...since])).stdout);
    expect(history).toMatchObject([lost, { data: { message: '3' } }, { data: { message: '4' } }]);
    await using tail = new CommandHere(['tail', ...since]);
    await expect.poll(() => tail.lines, { timeout: 30_000 }).toHaveLength(3);
    expect(tail.lines).toMatchObject(
      history.map(({ cursor, event_type, data }) => ({ cursor, event_type, data })),
    );
  });

  test('tail follows several topics, and only the latest values if asked', async () => {
    await using server = await startTestServer();
    const url = ['--url', server.url];
    const say = (topic: string, messages: number[]) =>
      runHere(['publish', 'agent_message', '--topic', topic, ...url], jsonl(messages.map(agentMessage)));
    await say('run-1', [1, 2]);
    await say('news', [1]);
    await say('other', [1]);
    await using tail = new CommandHere(['tail', '--topic', 'run-*, news', '--last', '10', ...url]);
    const item = (topic: string, n: number) => JSON.stringify([topic, agentMessage(n)]);
    const got = () => tail.lines.map((line) => JSON.stringify([line.topic, line.data])).sort();
    await expect
      .poll(got, { timeout: 30_000 })
      .toEqual([item('news', 1), item('run-1', 1), item('run-1', 2)]);
    await say('run-2', [1]);
    await expect
      .poll(got, { timeout: 30_000 })
      .toEqual([item('news', 1), item('run-1', 1), item('run-1', 2), item('run-2', 1)]);
    const latest = ['--topic', 'run-1', '--last', '10', '--every', '1000', '--latest-by', 'agent_id', ...url];
    await using sparse = new CommandHere(['tail', ...latest]);
    await expect.poll(() => sparse.lines.length, { timeout: 30_000 }).toBe(2);
    expect(sparse.lines).toMatchObject([
      { event_type: 'stream_gap', data: { lost: 1, reason: 'conflated' } },
      { event_type: 'agent_message', data: { message: '2' } },
    ]);
    expect(await run(['tail', '--every', 'often', ...url])).toMatchObject({ code: 1 });
  });

  test('history selects by types and last', async () => {
    await using server = await startTestServer();
    const at = ['--url', server.url];
    await runHere(['publish', 'agent_message', ...at], jsonl([1, 2, 3].map(agentMessage)));
    const last = await runHere(['history', '--types', 'agent_message,network_update', '--last', '2', ...at]);
    expect(lines(last.stdout).map(({ data }) => data.message)).toEqual(['2', '3']);
    expect(await runHere(['history', '--types', 'system_status', ...at])).toMatchObject({
      code: 0,
      stdout: '',
    });
  });

  test('commands work on Redis directly', async () => {
    const at = ['--redis', inject('redisUrl'), '--topic', `cli-${process.pid}`];
    await using tail = new RunningCommand(['tail', '--last', '10', ...at]);
    const published = await run(['publish', 'agent_message', JSON.stringify(agentMessage('direct')), ...at]);
    expect(published).toMatchObject({ code: 0, stderr: '' });
    await expect.poll(() => tail.lines, { timeout: 30_000 }).toMatchObject([{ data: { message: 'direct' } }]);
    expect(lines((await run(['history', ...at])).stdout)).toEqual(tail.lines);
    tail.child.kill('SIGINT');
    expect(await tail.exit()).toMatchObject({ code: 0, stderr: '' });
  });

  test('stats prints JSON', async () => {
    await using server = await startTestServer();
    const { stdout } = await run(['stats', '--url', server.url]);
    expect(JSON.parse(stdout)).toMatchObject({ queueSize: 0, topics: [] });
  });

  test('tail goes on where it was when the server comes back', async () => {
    await using first = await startTestServer();
    const { port, url } = first;
    const redisUrl = inject('redisUrl');
    await first.close();
    const topic = `cli-back-${process.pid}`;
    const at = ['--url', url, '--topic', topic];
    await using before = await startTestServer({ port, redisUrl });
    await runHere(['publish', 'agent_message', ...at], jsonl([agentMessage('before')]));
    await using tail = new CommandHere(['tail', '--last', '1', ...at]);
    await expect.poll(() => tail.lines, { timeout: 30_000 }).toHaveLength(1);
    await before.close();
    await runHere(
      ['publish', 'agent_message', '--redis', redisUrl, '--topic', topic],
      jsonl([agentMessage('meanwhile')]),
    );
    await using _after = await startTestServer({ port, redisUrl });
    await expect.poll(() => tail.lines, { timeout: 30_000 }).toHaveLength(2);
    expect(tail.lines[1]).toMatchObject({ event_type: 'agent_message', data: { message: 'meanwhile' } });
    expect(tail.stderr).toBe(
      'psyche-events: connection lost, reconnecting\npsyche-events: connected again\n',
    );
  });

  test('a reader that closes the pipe ends a command without an error', async () => {
    await using server = await startTestServer();
    const at = ['--url', server.url];
    await runHere(['publish', 'agent_message', ...at], jsonl([agentMessage(1)]));
    await using tail = new RunningCommand(['tail', '--last', '1', ...at]);
    await once(tail.child.stdout, 'data');
    tail.child.stdout.destroy();
    await runHere(['publish', 'agent_message', ...at], jsonl([agentMessage(2)]));
    expect(await tail.exit()).toMatchObject({ code: 0, stderr: '' });
  });

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
      args: ['tail', '--since', 'nowhere'],
      message: 'psyche-events: since: Not a cursor',
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
    expect(lines(stdout)).toHaveLength(Number(line) - 1);
    const { items } = await httpClient(server.url).history.query({ limit: 1000 });
    expect(items).toHaveLength(Number(line) - 1);
  });

  test('history and tail print the events that a filter selects', async () => {
    await using server = await startTestServer();
    const events = ['a', 'b', 'a'].map((agent_id) => ({ ...agentMessage(1), agent_id }));
    await runHere(['publish', 'agent_message', '--url', server.url], jsonl(events));
    const selection = ['--filter', '{"agent_id":"b"}', '--url', server.url];
    const { stdout } = await runHere(['history', ...selection]);
    expect(lines(stdout)).toMatchObject([{ data: { agent_id: 'b' } }]);
    await using tail = new CommandHere(['tail', '--last', '5', ...selection]);
    await expect.poll(() => tail.stdout, { timeout: 30_000 }).toBe(stdout);
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

  test.each(['serve', 'publish', 'tail', 'history', 'stats'])('%s --help shows examples', async (command) => {
    const { code, stdout } = await runHere([command, '--help']);
    expect(code).toBe(0);
    expect(stdout).toContain(`$ psyche-events ${command}`);
  });
});

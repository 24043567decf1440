import { describe, expect, inject, test } from 'vitest';
import { startTestServer } from '../app/harness.ts';
import { agentMessage } from '../support/events.ts';
import { jsonl, RunningCommand, run } from './command.ts';
import { CommandHere, runHere } from './here.ts';

const lines = (stdout: string) =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

// Some commands are processes, and the machine may be busy.
describe('psyche-events', () => {
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
    const batch = await runHere(['publish', 'agent_message', ...at], jsonl(many));
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
    const one = JSON.stringify(agentMessage('direct'));
    const published = await runHere(['publish', 'agent_message', one, ...at]);
    expect(published).toMatchObject({ code: 0, stderr: '' });
    await expect.poll(() => tail.lines, { timeout: 30_000 }).toMatchObject([{ data: { message: 'direct' } }]);
    expect(lines((await runHere(['history', ...at])).stdout)).toEqual(tail.lines);
    tail.child.kill('SIGINT');
    expect(await tail.exit()).toMatchObject({ code: 0, stderr: '' });
  });

  test('stats prints JSON', async () => {
    await using server = await startTestServer();
    const { stdout } = await run(['stats', '--url', server.url]);
    expect(JSON.parse(stdout)).toMatchObject({ queueSize: 0, topics: [] });
  });

  test.each(['serve', 'publish', 'tail', 'history', 'stats'])('%s --help shows examples', async (command) => {
    const { code, stdout } = await runHere([command, '--help']);
    expect(code).toBe(0);
    expect(stdout).toContain(`$ psyche-events ${command}`);
  });
});

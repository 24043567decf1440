import { once } from 'node:events';
import { describe, expect, inject, test } from 'vitest';
import { startTestServer } from '../app/harness.ts';
import { freePort } from '../setup/redis-server.ts';
import { agentMessage } from '../support/events.ts';
import { jsonl, linesOf, RunningCommand, run } from './command.ts';
import { CommandHere, runHere } from './here.ts';

// Some commands are processes, and the machine may be busy.
describe('psyche-events tail', () => {
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

  test('tail goes on where it was when the server comes back', async () => {
    const port = await freePort();
    const redisUrl = inject('redisUrl');
    const topic = `cli-back-${process.pid}`;
    await using before = await startTestServer({ port, redisUrl });
    const at = ['--url', before.url, '--topic', topic];
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

  test('history and tail print the events that a filter selects', async () => {
    await using server = await startTestServer();
    const events = ['a', 'b', 'a'].map((agent_id) => ({ ...agentMessage(1), agent_id }));
    await runHere(['publish', 'agent_message', '--url', server.url], jsonl(events));
    const selection = ['--filter', '{"agent_id":"b"}', '--url', server.url];
    const { stdout } = await runHere(['history', ...selection]);
    expect(linesOf(stdout)).toMatchObject([{ data: { agent_id: 'b' } }]);
    await using tail = new CommandHere(['tail', '--last', '5', ...selection]);
    await expect.poll(() => tail.stdout, { timeout: 30_000 }).toBe(stdout);
  });
});

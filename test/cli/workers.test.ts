import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { describe, expect, inject, test } from 'vitest';
import { WebSocket } from 'ws';
import { createClient } from '../../client/index.ts';
import { freePort } from '../setup/redis-server.ts';
import { agentMessage } from '../support/events.ts';
import { type RunningCommand, run, serve } from './command.ts';

interface Line {
  worker?: number;
  pid?: number;
  role?: string;
  msg: string;
}

const linesOf = ({ stdout }: RunningCommand): Line[] =>
  stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));

/** The workers that listen, or once did, in the order in which they began to. */
const listening = (command: RunningCommand): Line[] =>
  linesOf(command).filter(({ msg }) => msg === 'A worker is listening');

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function serveWorkers(env: Record<string, string> = {}, args: readonly string[] = []) {
  const server = await serve(['--workers', '2', '--redis', inject('redisUrl'), ...args], {
    REDIS_PREFIX: `workers-${randomUUID()}`,
    ...env,
  });
  await expect.poll(() => listening(server.command).length).toBe(2);
  return server;
}

describe('serve --workers', () => {
  test('exits with code 1 and one line that says what to do without Redis', async () => {
    expect(await run(['serve', '--workers', '2'])).toEqual({
      code: 1,
      stdout: '',
      stderr:
        'psyche-events: WORKERS must be 1, or REDIS_URL be set: workers share their events through Redis.\n',
    });
  });

  test('reports once why a worker cannot start, and ends all of them', async () => {
    const args = ['--workers', '3', '--redis', 'redis://127.0.0.1:1', '--log-level', 'silent'];
    const { code, stderr } = await run(['serve', '--port', '0', ...args]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^psyche-events: Redis at 127\.0\.0\.1:1 .+\n$/);
  });

  test('serves with all workers behind one port, and the first runs the simulation and the monitor', async () => {
    await using server = await serveWorkers({ MONITOR_INTERVAL_MS: '100' }, ['--simulation', 'on']);
    const published = new Map<string, Record<string, number>>();
    const ask = async (): Promise<Record<string, number>[]> => {
      const answer = await fetch(`${server.url}/trpc/stats`, { headers: { connection: 'close' } });
      const { startedAt, published: counts } = (await answer.json()).result.data.json;
      published.set(startedAt, counts);
      return [...published.values()];
    };
    const busy = ({ system_status = 0, simulation_state = 0 }) => system_status > 5 && simulation_state > 0;
    await expect.poll(async () => (await ask()).length === 2 && (await ask()).some(busy)).toBe(true);
    const idle = [...published.values()].filter((counts) => !busy(counts));
    expect(idle.map((counts) => Object.values(counts).every((count) => count === 0))).toEqual([true]);
    // Whichever worker is asked, it can show and control the simulation.
    const lists = Array.from({ length: 8 }, async () => {
      const answer = await fetch(`${server.url}/trpc/simulation.list`, { headers: { connection: 'close' } });
      return (await answer.json()).result.data.json.map(({ topic }: { topic: string }) => topic);
    });
    expect(await Promise.all(lists)).toEqual(Array(8).fill(['default']));
    const [one, two] = listening(server.command);
    expect(new Set([one?.pid, two?.pid, server.command.child.pid]).size).toBe(3);
    expect(linesOf(server.command).filter(({ worker, role }) => worker === 2 && !role)).not.toEqual([]);
  });

  test('[D12] replaces a worker that dies, whose clients go on without a loss', async () => {
    await using server = await serveWorkers();
    const url = `${server.url}/trpc`;
    const client = createClient({ url });
    const followers = Array.from({ length: 8 }, () => createClient({ url }));
    const got = followers.map((follower) => {
      const messages: string[] = [];
      follower.on('agent_message', ({ data }) => void messages.push(data.message), { since: { last: 1 } });
      return messages;
    });
    const publish = (text: string) => client.publish('agent_message', agentMessage(text));
    await publish('before');
    await expect.poll(() => got.every(({ length }) => length === 1)).toBe(true);

    const [first] = listening(server.command);
    process.kill(first?.pid ?? 0, 'SIGKILL');
    await publish('meanwhile');
    await expect.poll(() => listening(server.command).length).toBe(3);
    expect(listening(server.command).at(-1)?.worker).toBe(first?.worker);
    await publish('after');
    await expect.poll(() => got.every(({ length }) => length >= 3)).toBe(true);
    for (const messages of got) expect(messages).toEqual(['before', 'meanwhile', 'after']);
    await Promise.all([client, ...followers].map((each) => each.close()));

    // And none outlives the process that started it.
    const pids = listening(server.command).map(({ pid = 0 }) => pid);
    server.command.child.kill('SIGKILL');
    await expect.poll(() => pids.filter(isAlive)).toEqual([]);
  });

  test('shows the figures of each worker on METRICS_PORT and the ports after it, and drains all on a signal', async () => {
    const port = await freePort(1);
    await using server = await serveWorkers({ METRICS_PORT: `${port}` });
    const client = createClient({ url: `${server.url.replace('http', 'ws')}/trpc` });
    for (let n = 0; n < 10; n++) await client.publish('agent_message', agentMessage(n));
    await client.close();
    const published = async (of: number): Promise<number> => {
      const text = await (await fetch(`http://127.0.0.1:${of}/metrics`)).text();
      return Number(/^psyche_publish_seconds_count (\d+)$/m.exec(text)?.[1]);
    };
    const each = async () => [await published(port), await published(port + 1)].sort((a, b) => a - b);
    // Ten of the one that the client was connected to; whichever is asked, always the same answer.
    for (let times = 0; times < 3; times++) {
      await expect.poll(() => each().catch(() => [])).toEqual([0, 10]);
    }

    const sockets = Array.from(
      { length: 6 },
      () => new WebSocket(`${server.url.replace('http', 'ws')}/trpc`),
    );
    await Promise.all(sockets.map((socket) => once(socket, 'open')));
    const told = sockets.map((socket) => once(socket, 'message'));
    const closed = sockets.map((socket) => once(socket, 'close'));
    server.command.child.kill('SIGTERM');
    for (const each of told) expect(String((await each)[0])).toContain('reconnect');
    for (const each of closed) expect((await each)[0]).toBe(1001);
    expect(await server.command.exit()).toMatchObject({ code: 0, stderr: '' });
  });
});

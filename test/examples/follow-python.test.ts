import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';
import { startTcpProxy } from '../../conformance/tcp-proxy.ts';
import { apiKeys, EventManager, MemoryBroker } from '../../server/index.ts';
import { apiKey } from '../access/harness.ts';
import { startTestServer } from '../app/harness.ts';
import { startTestServer as startServerOf } from '../client/test-server.ts';
import { agentMessage } from '../support/events.ts';

const ROOT = join(import.meta.dirname, '../..');
const hasPython = spawnSync('python3', ['--version']).status === 0;
const directory = mkdtempSync(join(tmpdir(), 'psyche-python-'));
afterAll(() => rmSync(directory, { recursive: true }));

/** The example, which follows until it is disposed of. */
function follow(port: number, env: Record<string, string> = {}) {
  const child = spawn('python3', ['examples/follow.py'], {
    cwd: ROOT,
    env: { ...process.env, URL: `http://127.0.0.1:${port}/trpc`, ...env },
  });
  const lines: string[] = [];
  createInterface(child.stdout).on('line', (line) => lines.push(line));
  let complaints = '';
  child.stderr.on('data', (chunk) => {
    complaints += chunk;
  });
  const ended = once(child, 'close');
  return {
    lines,
    /** Texts of the messages, as they were printed. */
    texts: () => lines.map((line) => line.replace(/^\w+:\d+ shadow: /, '')),
    complaints: () => complaints,
    ended,
    async [Symbol.asyncDispose]() {
      child.kill('SIGINT');
      await ended;
    },
  };
}

const portOf = ({ url }: { url: string }) => Number(new URL(url).port);
const texts = (count: number) => Array.from({ length: count }, (_, i) => `${i + 1}`);

describe.skipIf(!hasPython)('the example follow.py (where there is python3)', () => {
  test('gets each event once, in order, through cut, silent and refused connections and a server that is restarted', async () => {
    const data = join(directory, 'log.db');
    let server = await startTestServer({ data });
    await using proxy = await startTcpProxy(portOf(server));
    await using python = follow(proxy.port, { SILENCE: '1' });
    let published = 0;
    const publish = async (count: number) => {
      for (let i = 0; i < count; i++) {
        await server.manager.publish('agent_message', agentMessage(`${++published}`));
      }
    };
    const level = () => expect.poll(python.texts).toEqual(texts(published));
    await publish(10);
    await level();
    for (let time = 0; time < 3; time++) {
      const publishing = publish(100);
      proxy.cut();
      await publishing;
      proxy.cut();
      await publish(10);
      await level();
    }
    proxy.strand(); // nothing comes, and nobody says so
    await publish(10);
    await level();
    proxy.refuse();
    await publish(10);
    await server.close();
    server = await startTestServer({ data });
    await publish(10);
    proxy.target = portOf(server);
    proxy.pass();
    await level();
    expect(proxy.connections).toBeGreaterThan(5); // control: it was cut off
    expect(python.complaints()).toContain('lost: ');
    await server.close();
  }, 120_000);

  test('tells a gap in its place, and goes on after it', async () => {
    const manager = new EventManager({ broker: new MemoryBroker({ maxRecords: 5 }), lingerMs: 1 });
    await using server = await startServerOf({ manager });
    await using proxy = await startTcpProxy(portOf(server));
    await using python = follow(proxy.port);
    await manager.publish('agent_message', agentMessage('1'));
    await expect.poll(python.texts).toEqual(['1']);
    proxy.refuse();
    // The process forgets what it holds in memory: the log alone is left.
    await expect.poll(() => manager.stats().topics).toEqual([]);
    for (let i = 2; i <= 20; i++) await manager.publish('agent_message', agentMessage(`${i}`));
    proxy.pass();
    await expect.poll(() => python.texts().at(-1)).toBe('20');
    const [, gap, ...rest] = python.texts();
    expect(gap).toMatch(/^lost \d+ events: trimmed$/);
    expect(rest).toEqual(texts(20).slice(-rest.length));
    expect(Number(gap?.split(' ')[1])).toBe(19 - rest.length);
  });

  test('goes on through what a proxy says in the place of a server: pages of errors, and pages that are none', async () => {
    const pages: [status: number, type: string, text: string][] = [
      [502, 'text/html', '<h1>Bad gateway</h1>'],
      [503, 'application/json', '{"message":"stopping"}'],
      [504, 'application/json', '[]'],
      [200, 'text/html', '<p>Sign in: here</p>\n\n'],
    ];
    const left = [...pages];
    await using server = await startServerOf({
      intercept(_, response) {
        const [status, type, text] = left.shift() ?? [];
        if (status === undefined) return false;
        response.writeHead(status, { 'content-type': type }).end(text);
        return true;
      },
    });
    await server.manager.publish('agent_message', agentMessage('behind'));
    await using python = follow(portOf(server));
    await expect.poll(python.texts).toEqual(['behind']);
    expect(python.complaints().trim().split('\n')).toHaveLength(pages.length);
  });

  test('waits for as long as Retry-After asks, of a busy server and of one that limits, and a random time more', async () => {
    const asked: number[] = [];
    const refusals = [
      { status: 503, after: '2' },
      { status: 429, after: '1' },
      { status: 503, after: 'soon' },
    ];
    const left = [...refusals];
    await using server = await startServerOf({
      intercept(_, response) {
        asked.push(performance.now());
        const { status, after } = left.shift() ?? {};
        if (status === undefined || after === undefined) return false;
        response.writeHead(status, { 'retry-after': after }).end('busy');
        return true;
      },
    });
    await server.manager.publish('agent_message', agentMessage('behind'));
    await using python = follow(portOf(server));
    await expect.poll(python.texts).toEqual(['behind']);
    const [first = 0, second = 0, third = 0] = asked;
    // Without the header it waits for 0.2 s, and then 0.4 s, at most.
    expect(second - first).toBeGreaterThanOrEqual(2000);
    expect(third - second).toBeGreaterThanOrEqual(1000);
    expect(asked).toHaveLength(refusals.length + 1);
  });

  test('bounds its waits, however often it was refused and whatever it was asked to wait', async () => {
    const program = `
import sys
sys.path.insert(0, "examples")
from email.message import Message
from follow import retry_after, seconds_of, wait_before

def asked(value):
    headers = Message()
    headers["retry-after"] = value
    return retry_after(headers)

waits = {attempt: [wait_before(attempt) for _ in range(200)] for attempt in (0, 1, 7, 5000)}
print(all(0 <= wait <= min(20, 2**min(attempt, 10)) for attempt in waits for wait in waits[attempt]))
print(all(len({round(wait, 6) for wait in each}) > 100 for each in waits.values()))
print([asked(value) for value in ("7", "-1", "soon", "", "inf", "nan", "Thu, 01 Jan 1970 00:00:00 GMT")])
print(asked(f"1 Jan {10**30} 00:00:00 GMT"), asked(f"1 Jan 2030 00:00:00 +{10**30}"), seconds_of(10**400))
print(asked("Thu, 01 Jan 2099 00:00:00 GMT") > 1e6, 300 <= wait_before(0, 1e9) <= 301)
`;
    const { stdout } = await promisify(execFile)('python3', ['-B', '-c', program], { cwd: ROOT });
    expect(stdout.trim().split('\n')).toEqual([
      'True',
      'True',
      '[7.0, 0, 0, 0, 0, 0, 0]',
      '0 0 0',
      'True True',
    ]);
  });

  test('shows its token, and ends where it is refused for good', async () => {
    const authenticate = apiKeys([apiKey('python', 'a-key-of-the-test')]);
    await using server = await startTestServer({}, { authenticate });
    await using refused = follow(portOf(server));
    expect(await refused.ended).toEqual([1, null]);
    expect(refused.complaints()).toMatch(/^refused: UNAUTHENTICATED: /m);
    await using python = follow(portOf(server), { TOKEN: 'a-key-of-the-test' });
    await server.manager.publish('agent_message', agentMessage('for whoever has a key'));
    await expect.poll(python.texts).toEqual(['for whoever has a key']);
  });
});

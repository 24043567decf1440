import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import * as server from '../../../server/index.ts';
import * as simulation from '../../../simulation/index.ts';
import { startTestServer } from '../../app/harness.ts';
import { startTestServer as startBreakable } from '../../client/test-server.ts';
import { agentMessage } from '../../support/events.ts';
import { ROOT } from '../snippets.ts';

const run = promisify(execFile);
const FOLDER = join(ROOT, 'docs/migrate/python');
const SAID = 'Received: agent_message: I believe we should explore...\n';
/** The original's module, in a stand-in; and no files of Python beside the documents. */
const ENV = { PYTHONPATH: join(import.meta.dirname, 'original'), PYTHONDONTWRITEBYTECODE: '1' };
/** Programs that import the module of the documents. */
const HERE = { ...process.env, PYTHONDONTWRITEBYTECODE: '1', PYTHONPATH: FOLDER };
const PUBLISHES_TO_A_TOPIC = `
import threading
heard = threading.Event()
def handle(event):
    print(event.data["message"])
    heard.set()
manager.add_listener(handle, types=["agent_message"], topic="a")
message = ${JSON.stringify(JSON.stringify(agentMessage('in a')))}
manager.publish("agent_message", topic="a", **__import__("json").loads(message))
heard.wait(10)
`;
const hasPython = spawnSync('python3', ['--version']).status === 0;

async function output(program: string, env: Record<string, string> = {}): Promise<string> {
  const options = { env: { ...process.env, ...ENV, ...env }, timeout: 60_000 };
  return (await run('python3', [join(FOLDER, program)], options)).stdout;
}

describe.skipIf(!hasPython)('programs in Python (where there is python3)', () => {
  test('print alike before and after', async () => {
    await using server = await startTestServer();
    expect(await output('before.py')).toBe(SAID);
    expect(await output('after.py', { URL: `${server.url}/trpc` })).toBe(SAID);
  });

  test('hear after a cut what was published meanwhile, each event once and in order', async () => {
    await using server = await startBreakable();
    const program = `
import sys, threading
from psyche_events import EventManager

heard = threading.Semaphore(0)
def handle(event):
    print(event.data["message"], flush=True)
    heard.release()

EventManager("${server.httpUrl}").add_listener(handle, types=["agent_message"])
print("follows", flush=True)
for _ in range(4): heard.acquire()
`;
    const child = spawn('python3', ['-c', program], {
      env: HERE,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let printed = '';
    child.stdout.on('data', (chunk) => {
      printed += chunk;
    });
    const ended = once(child, 'close');
    const prints = (text: string) => expect.poll(() => printed).toContain(text);
    await prints('follows');
    await server.manager.publish('agent_message', agentMessage('one'));
    await prints('one');
    server.dropAll();
    await server.manager.publish('agent_message', agentMessage('two'));
    await server.manager.publish('agent_message', agentMessage('three'));
    await prints('three');
    await server.manager.publish('agent_message', agentMessage('four'));
    expect((await ended)[0]).toBe(0);
    expect(printed).toBe('follows\none\ntwo\nthree\nfour\n');
  });

  test('are told of a refusal: of a type that there is not, and at a wrong address; and publish to a topic', async () => {
    await using server = await startBreakable();
    const program = `
from psyche_events import EventManager

manager = EventManager("${server.httpUrl}")
for types, url in ((["agent_mesage"], "${server.httpUrl}"), (["agent_message"], "${server.httpUrl}/nowhere")):
    try:
        EventManager(url).add_listener(print, types=types)
    except ValueError as error:
        print("refused:", error)
${PUBLISHES_TO_A_TOPIC}
`;
    const { stdout } = await run('python3', ['-c', program], { env: HERE, timeout: 60_000 });
    const [type, address, said] = stdout.trim().split('\n');
    expect(type).toMatch(/^refused: .*agent_mesage/);
    expect(address).toMatch(/^refused: .*nowhere/);
    expect(said).toBe('in a');
  });

  test('try again what may pass: a stream that the server ends with an error of its own', async () => {
    let asked = 0;
    const server = createServer((_, response) => {
      response.setHeader('content-type', 'text/event-stream');
      const synced = JSON.stringify({ json: { event_type: 'stream_synced', data: {} } });
      const error = JSON.stringify({ json: { message: 'Busy.', data: { httpStatus: 503 } } });
      asked++;
      response.end(
        asked === 1 ? `event: serialized-error\ndata: ${error}\n\n` : `data: ${synced}\nid: 1\n\n`,
      );
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const program = `
from psyche_events import EventManager
EventManager("http://127.0.0.1:${port}").add_listener(print, types=["agent_message"])
print("follows")
`;
    const { stdout } = await run('python3', ['-c', program], { env: HERE, timeout: 60_000 });
    server.close();
    expect(stdout).toBe('follows\n');
    expect(asked).toBeGreaterThanOrEqual(2);
  });
});

test('names in TypeScript on the page are exports, methods or fields that exist', () => {
  const page = readFileSync(join(FOLDER, '../python.md'), 'utf8');
  const cells = [...page.matchAll(/^\| `.*` \| (.*) \|$/gm)].map(([, cell = '']) => cell);
  const called = cells.flatMap((cell) =>
    [...cell.matchAll(/(?:new )?\b([A-Za-z]+)\(/g)].map(([, name = '']) => name),
  );
  expect(called.length).toBeGreaterThan(10);
  const doors: Record<string, unknown> = { ...server, ...simulation };
  const methods = [server.EventManager, server.Broadcaster, simulation.AgentNetwork].flatMap((each) =>
    Object.getOwnPropertyNames(each.prototype),
  );
  expect(called.filter((name) => !(name in doors) && !methods.includes(name))).toEqual([]);
});

import { once } from 'node:events';
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { createClient } from '../../../client/index.ts';
import { loadConfig, startServer } from '../../../server/index.ts';
import { CloseCode } from '../../../shared/index.ts';
import { catalog, THREAD, TOPIC } from './viewers.ts';
import { agUiServer } from './world.ts';

/** A request whose history has so many characters. */
const request = (length: number) => ({
  input: {
    threadId: THREAD,
    runId: 'r1',
    messages: [{ id: 'u1', role: 'user' as const, content: 'Well?' }],
    tools: [],
    context: [],
    state: {},
    forwardedProps: { history: 'x'.repeat(length) },
  },
});

test.each(['ws', 'sse'] as const)('a request of nearly 1 MiB begins its run, over %s', async (transport) => {
  await using server = await agUiServer();
  const client = createClient({ url: server.url, catalog, transports: [transport] });
  await client.publish('agui_request', request(1_040_000), { topic: TOPIC });
  const run = await server.said.next();
  expect(run.input.forwardedProps.history).toHaveLength(1_040_000);
  run.end();
  await client.close();
});

test('a thread of more than 64 KiB goes on', async () => {
  await using server = await agUiServer();
  const agent = server.agent();
  for (let n = 0; n < 5; n++) agent.addMessage({ id: `u${n}`, role: 'user', content: 'x'.repeat(20_000) });
  const running = agent.runAgent({ runId: 'r1' });
  const run = await server.said.next();
  expect(run.input.messages).toHaveLength(5);
  run.end();
  await running;
});

test('a large request where nobody serves, and any other large call, end the connection with 1009', async () => {
  const server = await startServer(loadConfig({ port: 0, logLevel: 'silent' }, {}), { catalog });
  const call = (path: string, data: object) =>
    JSON.stringify({ id: 1, method: 'mutation', params: { path, input: { json: { data, topic: TOPIC } } } });
  const closed = async (message: string) => {
    const ws = new WebSocket(`${server.url.replace('http', 'ws')}/trpc`);
    await once(ws, 'open');
    ws.send(message);
    const [code] = await once(ws, 'close');
    return code;
  };
  const asking = call('publish.agui_request', request(70_000));
  expect(await closed(asking)).toBe(CloseCode.MESSAGE_TOO_BIG);
  server.manager.handle('agui_request', () => {});
  const stop = call('publish.run_stop', { run_id: 'r1', reason: 'x'.repeat(70_000) });
  for (const message of [stop, `[${asking}]`, `{${asking}`, 'x'.repeat(70_000)])
    expect(await closed(message)).toBe(CloseCode.MESSAGE_TOO_BIG);
  await server.close();
});

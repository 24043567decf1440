import { once } from 'node:events';
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { CloseCode } from '../../shared/index.ts';
import { agentMessage } from '../support/events.ts';
import { startTestServer, wsClient } from './harness.ts';

test('1000 publishes that a stock client sends as one message are stored in order', async () => {
  await using server = await startTestServer();
  await using client = wsClient(server.url);
  const numbers = Array.from({ length: 1000 }, (_, n) => String(n));
  const results = await Promise.all(
    numbers.map((n) => client.trpc.publish.agent_message.mutate({ data: agentMessage(n) })),
  );
  expect(results.map(({ cursor }) => Number(cursor.split(':')[1]))).toEqual(
    numbers.map((n) => Number(n) + 1),
  );
  const { items } = await client.trpc.history.query({ limit: 1000 });
  expect(items.map(({ event }) => event.event_type === 'agent_message' && event.data.message)).toEqual(
    numbers,
  );
});

test.each([
  ['a call', JSON.stringify({ id: 1, method: 'mutation', params: { path: 'x', input: 'x'.repeat(65_536) } })],
  ['a message that is no call', 'x'.repeat(65_537)],
])('%s of more than 64 KiB is closed with 1009', async (_, message) => {
  await using server = await startTestServer();
  const ws = new WebSocket(`${server.url.replace('http', 'ws')}/trpc`);
  await once(ws, 'open');
  ws.send(message);
  expect(await once(ws, 'close')).toMatchObject({ 0: CloseCode.MESSAGE_TOO_BIG });
});

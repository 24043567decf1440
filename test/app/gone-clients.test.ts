import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { agentMessage } from '../support/events.ts';
import { httpClient, startTestServer } from './harness.ts';

const line = (text: string) => `${text} HTTP/1.1\r\nHost: localhost\r\n`;
const EVENTS = encodeURIComponent(JSON.stringify({ since: { last: 1000 } }));
const POST = `${line('POST /trpc/publish.agent_message')}Content-Length: 1000\r\n`;

const REQUESTS = {
  'a stream': line('GET /trpc/on.any'),
  'a stream of megabytes': line(`GET /trpc/on.any?input=${EVENTS}`),
  'an answer of a megabyte': line('GET /trpc/history'),
  'a streamed batch': `${line('GET /trpc/history,stats?batch=1&input=%7B%7D')}Trpc-Accept: application/jsonl\r\n`,
  'a body that it does not send': `${POST}Content-Type: application/json\r\n`,
  'a body that is unwanted': `${POST}Content-Type: text/plain\r\n`,
  'a form that it does not send': `${POST}Content-Type: multipart/form-data; boundary=x\r\n`,
  'a document': line('GET /schema.json'),
};

test('clients that disconnect at any moment leave nothing behind, and nothing on the console', async () => {
  const printed: unknown[] = [];
  const methods = (['log', 'info', 'warn', 'error'] as const).map((name) =>
    vi.spyOn(console, name).mockImplementation((...words) => void printed.push(words)),
  );
  const hear = (what: unknown) => void printed.push(what);
  process.on('unhandledRejection', hear).on('warning', hear);
  await using server = await startTestServer();
  const trpc = httpClient(server.url);
  const data = agentMessage('x'.repeat(30_000));
  for (let n = 0; n < 50; n++) await trpc.publish.agent_message.mutate({ data });

  const leave = async (text: string, afterMs: number, end: 'destroy' | 'resetAndDestroy') => {
    const client = connect(server.port, '127.0.0.1').on('error', () => {});
    await once(client, 'connect');
    client.write(`${text}\r\n`);
    await sleep(afterMs);
    client[end]();
  };
  for (const end of ['destroy', 'resetAndDestroy'] as const)
    for (const afterMs of [0, 5, 50])
      await Promise.all(Object.values(REQUESTS).map((text) => leave(text, afterMs, end)));

  await expect.poll(async () => (await trpc.stats.query()).subscribers).toBe(0);
  process.off('unhandledRejection', hear).off('warning', hear);
  for (const method of methods) method.mockRestore();
  expect(printed).toEqual([]);
});

import { EventEmitter } from 'node:events';
import { connect } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createClient } from '../../client/index.ts';
import { agentMessage } from '../support/events.ts';
import { httpClient, startTestServer, wsClient } from './harness.ts';

const MANY = 100;
const AUTHENTICATED = {
  authenticate: () => ({ id: 'someone', claims: { publish: ['*'], subscribe: ['*'], topics: ['*'] } }),
} as const;

let warnings: Error[] = [];
const keep = (warning: Error): void => void warnings.push(warning);
beforeEach(() => {
  warnings = [];
  process.on('warning', keep);
});
afterEach(() => void process.off('warning', keep));

/** Warnings are told in a turn of their own. */
const tooManyListeners = async () => {
  await new Promise(setImmediate);
  return warnings.filter(({ name }) => name === 'MaxListenersExceededWarning').map(({ stack }) => stack);
};
const upTo = Array.from({ length: MANY }, (_, index) => index);

test('control: Node warns of an emitter with eleven listeners', async () => {
  const emitter = new EventEmitter();
  for (let times = 0; times < 11; times++) emitter.on('x', () => {});
  expect(await tooManyListeners()).toHaveLength(1);
});

const servers = [
  { who: 'anybody', parts: {} },
  { who: 'somebody who is signed in', parts: AUTHENTICATED },
];

test.each(servers)(
  '100 subscriptions and 100 calls of $who on one WebSocket cause no warning',
  async ({ parts }) => {
    await using server = await startTestServer({}, parts);
    await using client = wsClient(server.url);
    const received = upTo.map(() => 0);
    const started = upTo.map(
      (index) =>
        new Promise<void>((resolve, reject) => {
          const input = { topic: `t-${index % 20}`, since: { last: 1 } };
          client.trpc.on.any.subscribe(input, {
            onStarted: () => resolve(),
            onData: () => void received.splice(index, 1, (received[index] ?? 0) + 1),
            onError: reject,
          });
        }),
    );
    await Promise.all(started);
    await Promise.all(
      upTo.map((index) =>
        client.trpc.publish.agent_message.mutate({ topic: `t-${index % 20}`, data: agentMessage(index) }),
      ),
    );
    await Promise.all(upTo.map((index) => client.trpc.history.query({ topic: `t-${index}` })));
    // Each subscription: that it is synced, and the five events of its topic.
    await expect.poll(() => received.every((count) => count === 6)).toBe(true);
    expect(await tooManyListeners()).toEqual([]);
  },
);

test('100 subscriptions and 100 publishes of our own client cause no warning', async () => {
  await using server = await startTestServer();
  const client = createClient({ url: server.url });
  const end = new AbortController();
  let received = 0;
  for (const topic of upTo) {
    client.on('agent_message', () => void received++, { topic: `t-${topic % 20}`, signal: end.signal });
  }
  await Promise.all(
    upTo.map((index) => client.publish('agent_message', agentMessage(index), { topic: `t-${index % 20}` })),
  );
  await expect.poll(() => received).toBe(MANY * 5);
  expect(await tooManyListeners()).toEqual([]);
  end.abort();
  await client.close();
});

test.each(servers)(
  'a batch of 100 calls of $who, and 100 pipelined ones, beside 100 streams over HTTP cause no warning',
  async ({ parts }) => {
    await using server = await startTestServer({}, parts);
    const trpc = httpClient(server.url);
    let synced = 0;
    const streams = upTo.map((index) =>
      trpc.on.any.subscribe({ topic: `t-${index % 20}` }, { onData: () => void synced++ }),
    );
    await expect.poll(() => synced).toBe(MANY);
    await Promise.all(upTo.map((index) => trpc.publish.agent_message.mutate({ data: agentMessage(index) })));
    expect(await pipelined(new URL(`${server.url}/trpc/history`), MANY)).toBe(MANY);
    for (const stream of streams) stream.unsubscribe();
    expect(await tooManyListeners()).toEqual([]);
  },
);

/** Sends requests on one connection, all at once. @returns how many were answered with 200 */
async function pipelined({ hostname, port, host, pathname }: URL, count: number): Promise<number> {
  const socket = connect(Number(port), hostname);
  socket.setEncoding('utf8');
  const head = `GET ${pathname} HTTP/1.1\r\nhost: ${host}\r\n`;
  for (let n = 1; n < count; n++) socket.write(`${head}\r\n`);
  socket.write(`${head}connection: close\r\n\r\n`);
  let text = '';
  for await (const chunk of socket) text += String(chunk);
  return text.split('HTTP/1.1 200').length - 1;
}

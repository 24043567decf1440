import { expect, test } from 'vitest';
import { agentMessage } from '../support/events.ts';
import { connect } from './connect.ts';
import { eventually } from './eventually.ts';
import { retrySoon } from './retry-soon.ts';
import { startTestServer } from './test-server.ts';

retrySoon();

const refused = { code: 'INVALID_OPTION', message: expect.stringContaining('on.agent_message') };

/** A filter of so many texts of 2000 characters in JSON. */
const filterOf = (texts: number) => ({
  agent_id: { in: Array.from({ length: texts }, () => '"'.repeat(1000)) },
});

test('[D12] a subscription that is too large for a message ends by name, and the others of its client go on', async () => {
  await using server = await startTestServer();
  await using client = connect({ url: server.wsUrl, transports: ['ws'] });
  const seen: string[] = [];
  const errors: unknown[] = [];
  const onError = (error: Error, willRetry: boolean): void => {
    if (!willRetry) errors.push(error);
  };
  const good = client.on('agent_message', ({ data }) => seen.push(data.message), { onError });
  // Large, and not too large: that its connection is lost by another one is no fault of its own.
  const begun = client.on('agent_message', () => {}, { filter: filterOf(10), onError });
  await Promise.all([good.ready, begun.ready]);
  expect(errors).toEqual([]);
  const large = client.on('agent_message', () => {}, { filter: filterOf(40), onError });
  await expect(large.ready).rejects.toMatchObject(refused);
  // One that is asked for while the connection is lost was not sent.
  const next = client.on('agent_message', () => {}, { filter: filterOf(10), onError });
  await client.publish('agent_message', agentMessage('on'));
  await eventually(() => expect(seen).toEqual(['on']));
  await next.ready;
  expect(errors).toMatchObject([refused]);
});

test('[D12] the largest alone is refused of several that a connection is lost with', async () => {
  await using server = await startTestServer();
  await using client = connect({ url: server.wsUrl, transports: ['ws'] });
  const small = client.on('agent_message', () => {}, { filter: filterOf(10) });
  const large = client.on('agent_message', () => {}, { filter: filterOf(40), onError: () => {} });
  await expect(large.ready).rejects.toMatchObject(refused);
  await small.ready;
  const batchOf = (events: number, character = 'x') =>
    client.publishBatch(
      Array.from({ length: events }, () => ({
        event_type: 'agent_message' as const,
        data: agentMessage(character.repeat(2000)),
      })),
      { timeoutMs: 60_000 },
    );
  const batches = await Promise.allSettled([batchOf(10), batchOf(40)]);
  expect(batches).toMatchObject([
    { value: { length: 10 } },
    { reason: { code: 'INVALID_OPTION', message: expect.stringContaining('publish.batch') } },
  ]);
  // A server measures bytes: fewer characters may be more.
  expect(await Promise.allSettled([batchOf(12, '漢'), batchOf(24)])).toMatchObject([
    { reason: { code: 'INVALID_OPTION' } },
    { status: 'fulfilled' },
  ]);
});

test('[D12] a subscription that is small, and too large for a server that takes less, ends by name too', async () => {
  await using server = await startTestServer({ maxCallBytes: 8000 });
  await using client = connect({ url: server.wsUrl, transports: ['ws'] });
  const good = client.on('agent_message', () => {});
  const large = client.on('agent_message', () => {}, { filter: filterOf(6), onError: () => {} });
  await expect(large.ready).rejects.toMatchObject(refused);
  await good.ready;
});

test('[D12] a subscription that is too large with its place ends by name when it resumes', async () => {
  const filter = filterOf(10);
  const asked = {
    id: 10,
    method: 'subscription',
    params: { input: { json: { filter } }, path: 'on.agent_message' },
  };
  await using server = await startTestServer({ maxCallBytes: JSON.stringify(asked).length + 5 });
  await using client = connect({ url: server.wsUrl, transports: ['ws'] });
  const errors: unknown[] = [];
  const onError = (error: Error, willRetry: boolean) => willRetry || errors.push(error);
  await client.on('agent_message', () => {}, { filter, onError }).ready;
  server.drop();
  await eventually(() => expect(errors).toMatchObject([refused]));
});

import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { expect, inject, test } from 'vitest';
import { httpClient, startTestServer, wsClient } from '../app/harness.ts';
import { agentMessage } from '../support/events.ts';
import { message, setUp, WAIT } from './ingress-worker.ts';

/** The id of an entry that is still to come, and the key that the entry will have. */
const ID = '1700000000000-0';
const KEY = `ingress:${ID}`;

const REFUSED = {
  data: {
    reason: 'INVALID_OPTION',
    issues: [{ message: 'must not begin with ingress:, as keys of the ingress do' }],
  },
};

test('no publisher takes the key of an entry before the entry comes', async () => {
  const redisUrl = inject('redisUrl');
  const redisPrefix = `ingress-${randomUUID()}`;
  await using server = await startTestServer({ redisUrl, redisPrefix, ingress: true });
  await using client = wsClient(server.url);
  const publish = { data: agentMessage('mallory'), idempotencyKey: KEY };
  const batch = { events: [{ event_type: 'agent_message' as const, ...publish }] };
  for (const { publish: publisher } of [client.trpc, httpClient(server.url)]) {
    await expect(publisher.agent_message.mutate(publish)).rejects.toMatchObject(REFUSED);
    await expect(publisher.batch.mutate(batch)).rejects.toMatchObject(REFUSED);
  }
  const producer = new Redis(redisUrl);
  await producer.xadd(`${redisPrefix}:ingress`, ID, ...Object.entries(message('bob')).flat());
  producer.disconnect();
  const messages = async () =>
    (await server.manager.history()).items.map(({ event }) => 'message' in event.data && event.data.message);
  await expect.poll(messages, WAIT).toEqual(['bob']);
});

test('no entry takes the key of another', async () => {
  const { add, work, messages, dead, isEmpty, producer, key } = setUp();
  await producer.xadd(key, '1-0', ...Object.entries({ ...message('mallory'), idempotency_key: KEY }).flat());
  await producer.xadd(key, ID, ...Object.entries(message('bob')).flat());
  await add({ ...message('own'), idempotency_key: 'ingress' });
  work();
  await expect.poll(messages, WAIT).toEqual(['bob', 'own']);
  await expect.poll(isEmpty, WAIT).toBe(true);
  expect(await dead()).toMatchObject([
    {
      code: 'INVALID_EVENT',
      reason: expect.stringContaining('idempotency_key must not begin with ingress:'),
    },
  ]);
});

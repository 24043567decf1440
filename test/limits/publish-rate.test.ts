import { randomUUID } from 'node:crypto';
import superjson from 'superjson';
import { expect, test } from 'vitest';
import { apiKeys } from '../../server/index.ts';
import { apiKey, RawSocket } from '../access/harness.ts';
import { httpClient, startTestServer } from '../app/harness.ts';
import { connect } from '../client/connect.ts';
import { startRedis } from '../setup/redis-server.ts';
import { agentMessage } from '../support/events.ts';

const authenticate = apiKeys([apiKey('alice', 'key-of-alice'), apiKey('bob', 'key-of-bob')]);

/** Publishes over HTTP, as somebody. */
function publish(url: string, path: string, input: object, key?: string): Promise<Response> {
  return fetch(`${url}/trpc/publish.${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(key && { authorization: `Bearer ${key}` }) },
    body: JSON.stringify(superjson.serialize(input)),
  });
}

const one = (url: string, key?: string) => publish(url, 'agent_message', { data: agentMessage('x') }, key);
const many = (url: string, count: number, key?: string) => {
  const events = Array.from({ length: count }, () => ({
    event_type: 'agent_message',
    data: agentMessage('x'),
  }));
  return publish(url, 'batch', { events }, key);
};

/** Statuses, once a window of a second has begun anew: `attempt` is made again where it was in two. */
async function inOneWindow(attempt: () => Promise<number[]>, expected: number[]): Promise<void> {
  await expect.poll(attempt, { timeout: 15_000, interval: 1100 }).toEqual(expected);
}

test('a subject may publish up to the limit of events a second, those in batches counted, and subjects count apart', async () => {
  await using server = await startTestServer({ publishRate: 10 }, { authenticate });
  await inOneWindow(async () => {
    const answers = [
      await many(server.url, 9, 'key-of-alice'),
      await one(server.url, 'key-of-alice'),
      await one(server.url, 'key-of-alice'),
      await one(server.url, 'key-of-bob'),
    ];
    return answers.map(({ status }) => status);
  }, [200, 200, 429, 200]);
});

test('a refused publisher is told the limit and when to come back, over HTTP and WebSocket, and nothing is stored', async () => {
  await using server = await startTestServer({ publishRate: 5 });
  let refused: Response | undefined;
  await expect
    .poll(
      async () => {
        await many(server.url, 5);
        refused = await one(server.url);
        return refused.status;
      },
      { interval: 1100, timeout: 15_000 },
    )
    .toBe(429);
  const text = await refused?.text();
  const { error } = JSON.parse(text ?? '') as { error: { json: { data: Record<string, unknown> } } };
  expect(error.json.data).toMatchObject({ code: 'TOO_MANY_REQUESTS', reason: 'RATE_LIMITED', issues: [] });
  expect(error.json.data['retryAfterMs']).toBeGreaterThan(0);
  expect(error.json.data['retryAfterMs']).toBeLessThanOrEqual(1000);
  expect(refused?.headers.get('retry-after')).toBe('1');

  await using socket = new RawSocket(server.url);
  const { published } = await httpClient(server.url).stats.query();
  for (let id = 1; id <= 20; id++)
    socket.call(id, 'mutation', 'publish.agent_message', { data: agentMessage('x') });
  await expect.poll(() => socket.messages.length).toBe(20);
  expect(socket.reasons.length).toBeGreaterThanOrEqual(5);
  expect(new Set(socket.reasons)).toEqual(new Set(['RATE_LIMITED']));
  expect((await httpClient(server.url).stats.query()).published['agent_message']).toBe(
    (published['agent_message'] ?? 0) + 20 - socket.reasons.length,
  );
});

test('a batch larger than the limit is refused for good', async () => {
  await using server = await startTestServer({ publishRate: 5 });
  const answer = await many(server.url, 6);
  expect(answer.status).toBe(400);
  expect(await answer.text()).toContain('send smaller batches');
});

test('our client waits and publishes all of it', async () => {
  await using server = await startTestServer({ publishRate: 5 });
  await using client = connect({ url: `${server.url}/trpc` });
  const texts = Array.from({ length: 12 }, (_, index) => `${index}`);
  await Promise.all(
    texts.map((text) => client.publish('agent_message', agentMessage(text), { timeoutMs: 18_000 })),
  );
  expect((await client.history()).items).toHaveLength(texts.length);
});

test('the default is no limit for callers of this machine without a token, and 1000 for subjects', async () => {
  await using open = await startTestServer();
  await using closed = await startTestServer({}, { authenticate });
  const both = async (url: string, key?: string) => {
    const answers = await Promise.all([many(url, 600, key), many(url, 600, key)]);
    return answers.map(({ status }) => status).sort();
  };
  expect(await both(open.url)).toEqual([200, 200]); // the control
  await inOneWindow(() => both(closed.url, 'key-of-alice'), [200, 429]);
});

test('servers that share a Redis count together, and each on its own while Redis is away', async () => {
  await using redis = await startRedis();
  const options = { redisUrl: redis.url, redisPrefix: randomUUID(), publishRate: 50 };
  await using first = await startTestServer(options, { authenticate });
  await using second = await startTestServer(options, { authenticate });
  const across = async () => {
    const answers = [await many(first.url, 30, 'key-of-alice'), await many(second.url, 30, 'key-of-alice')];
    return answers.map(({ status }) => status);
  };
  await inOneWindow(across, [200, 429]);
  await redis.kill();
  // Neither of them could be stored; that they are too many is known still.
  await inOneWindow(async () => {
    const answers = [many(first.url, 30, 'key-of-alice'), many(first.url, 30, 'key-of-alice')];
    return (await Promise.all(answers)).map(({ status }) => status).sort();
  }, [429, 503]);
});

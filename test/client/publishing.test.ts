import { expect, test } from 'vitest';
import { EventManager, MemoryBroker } from '../../server/index.ts';
import { agentMessage } from '../support/events.ts';
import { connect } from './connect.ts';
import { eventually } from './eventually.ts';
import { retrySoon } from './retry-soon.ts';
import { startTestServer } from './test-server.ts';

retrySoon();

/** A broker that appends, and then calls `before` it answers. */
function brokerThat(before: () => void | Promise<void>): MemoryBroker {
  const broker = new MemoryBroker();
  const publish = broker.publish.bind(broker);
  broker.publish = async (...args) => {
    const results = await publish(...args);
    await before();
    return results;
  };
  return broker;
}

test('[D3] a publish whose reply is lost with the socket is sent again, and stored once', async () => {
  let cuts = 3;
  const manager = new EventManager({
    broker: brokerThat(() => {
      if (cuts-- > 0) server.drop();
    }),
  });
  await using server = await startTestServer({ manager });
  await using client = connect({ url: server.wsUrl });
  const [first, ...batch] = [
    await client.publish('agent_message', agentMessage('one')),
    ...(await client.publishBatch([
      { event_type: 'agent_message', data: agentMessage('two') },
      { event_type: 'agent_message', data: agentMessage('three') },
    ])),
  ];
  expect(server.connections).toBeGreaterThan(1);
  expect(first?.duplicate).toBe(true);
  expect(cuts).toBeLessThanOrEqual(0);
  const { items } = await client.history();
  expect(items.map(({ event }) => 'message' in event.data && event.data.message)).toEqual([
    'one',
    'two',
    'three',
  ]);
  expect([first, ...batch].map((result) => result?.cursor)).toEqual(items.map(({ cursor }) => cursor));
});

test('[D3] each of many publishes over a connection that keeps breaking is stored once', async () => {
  await using server = await startTestServer();
  await using client = connect({ url: server.wsUrl });
  const texts = Array.from({ length: 200 }, (_, i) => `${i}`);
  for (let i = 0; i < texts.length; i += 10) {
    if (i % 30 === 0) setTimeout(() => server.drop(), 1); // while these are sent, or right after
    await Promise.all(
      texts.slice(i, i + 10).map((text) => client.publish('agent_message', agentMessage(text))),
    );
  }
  const { items } = await client.history({ limit: 1000 });
  const stored = items.map(({ event }) => ('message' in event.data ? event.data.message : ''));
  expect(stored.toSorted()).toEqual(texts.toSorted());
  expect(server.connections).toBeGreaterThan(2);
});

test('[D3] the caller’s own key and the time of the call are kept', async () => {
  await using server = await startTestServer();
  await using client = connect({ url: server.wsUrl });
  const options = { idempotencyKey: 'mine', topic: 'run-1', timestamp: '2026-01-02T03:04:05Z' };
  const first = await client.publish('agent_message', agentMessage(1), options);
  expect(await client.publish('agent_message', agentMessage(2), options)).toEqual({
    ...first,
    duplicate: true,
  });
  const { items } = await client.history({ topic: 'run-1' });
  expect(items).toMatchObject([{ event: { timestamp: options.timestamp, data: { message: '1' } } }]);
});

test('a publish without an answer fails in time, and says that it may have been stored', async () => {
  const manager = new EventManager({ broker: brokerThat(() => new Promise(() => {})) });
  await using server = await startTestServer({ manager });
  await using client = connect({ url: server.wsUrl });
  await client.stats();
  await expect(client.publish('agent_message', agentMessage(1), { timeoutMs: 3000 })).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: expect.stringMatching(/^No answer within 3000 ms\. .* idempotencyKey/),
  });
  server.refusing = true;
  server.drop();
  await expect(client.publish('agent_message', agentMessage(2), { timeoutMs: 100 })).rejects.toMatchObject({
    code: 'UNAVAILABLE',
  });
  server.refusing = false;
  expect((await client.history()).items).toHaveLength(1);
});

test('a publish can be aborted, with the reason of the signal', async () => {
  const manager = new EventManager({ broker: brokerThat(() => new Promise(() => {})) });
  await using server = await startTestServer({ manager });
  await using client = connect({ url: server.wsUrl });
  const abort = new AbortController();
  const publish = client.publish('agent_message', agentMessage(1), { signal: abort.signal });
  await eventually(() => expect(manager.stats().queueSize).toBe(1));
  const reason = new Error('never mind');
  abort.abort(reason);
  await expect(publish).rejects.toBe(reason);
  await expect(client.publish('agent_message', agentMessage(1), { signal: abort.signal })).rejects.toBe(
    reason,
  );
});

test('many simultaneous publishes are split into messages that the server accepts', async () => {
  await using server = await startTestServer();
  await using client = connect({ url: server.wsUrl });
  const texts = Array.from({ length: 500 }, (_, i) => `${i}`);
  await Promise.all(texts.map((text) => client.publish('agent_message', agentMessage(text))));
  const { items } = await client.history({ limit: 1000 });
  expect(items.map(({ event }) => 'message' in event.data && event.data.message)).toEqual(texts);
  expect(server.connections).toBe(1);
});

test('an event too large for a message fails at once, and those sent with it arrive', async () => {
  await using server = await startTestServer();
  await using client = connect({ url: server.wsUrl });
  await client.stats();
  const [large, small] = await Promise.allSettled([
    client.publish('agent_message', agentMessage('x'.repeat(70_000))),
    client.publish('agent_message', agentMessage('small')),
  ]);
  expect(large).toMatchObject({
    status: 'rejected',
    reason: { code: 'INVALID_OPTION', message: expect.stringContaining('createPublisher over http') },
  });
  expect(small).toMatchObject({ status: 'fulfilled' });
  expect(server.connections).toBe(2);
  expect((await client.history()).items).toHaveLength(1);
});

test('a name that is no option is refused by each way of publishing, and nothing is stored', async () => {
  await using server = await startTestServer();
  await using client = connect({ url: server.wsUrl });
  const slip: object = { topc: 'x' };
  const refused = { code: 'INVALID_OPTION', message: expect.stringContaining('topc') };
  const data = agentMessage('one');
  await expect(client.publish('agent_message', data, slip)).rejects.toMatchObject(refused);
  const batch = [{ event_type: 'agent_message', data } as const];
  await expect(client.publishBatch(batch, slip)).rejects.toMatchObject(refused);
  expect((await client.history()).items).toEqual([]);
});

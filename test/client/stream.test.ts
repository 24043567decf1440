import { expect, test } from 'vitest';
import { EventManager, MemoryBroker } from '../../server/index.ts';
import { agentMessage, systemStatus } from '../support/events.ts';
import { connect } from './connect.ts';
import { eventually } from './eventually.ts';
import { retrySoon } from './retry-soon.ts';
import { startTestServer } from './test-server.ts';

retrySoon();

test('a loop gets events and the stream’s notices with their cursors, and leaves nothing behind', async () => {
  await using server = await startTestServer();
  await using client = connect({ url: server.wsUrl });
  await client.publish('agent_message', agentMessage('one'));
  await client.publish('system_status', systemStatus());
  await client.publish('agent_message', agentMessage('two'));
  const got: [string, string][] = [];
  for await (const { cursor, event } of client.stream({ types: ['agent_message'], since: { last: 2 } })) {
    got.push([cursor, event.event_type === 'agent_message' ? event.data.message : event.event_type]);
    if (event.event_type === 'stream_synced') break;
  }
  expect(got.map(([, text]) => text)).toEqual(['one', 'two', 'stream_synced']);
  expect(got.map(([cursor]) => cursor.split(':')[1])).toEqual(['1', '3', '3']);
  await eventually(() => expect(server.manager.stats().subscribers).toBe(0));
});

test('a loop slower than the stream holds few items, and gets all of them', async () => {
  await using server = await startTestServer();
  await using client = connect({ url: server.wsUrl });
  const total = 500;
  for (let i = 0; i < total; i++) await server.manager.publish('agent_message', agentMessage(i));
  const got: string[] = [];
  let unsubscribed = 0;
  const stream = client.stream({ since: { last: total }, bufferSize: 20 });
  for await (const { event } of stream) {
    if (event.event_type !== 'agent_message') continue;
    got.push(event.data.message);
    if (got.length === 5) {
      // Nobody reads now: the subscription ends instead of filling memory.
      await eventually(() => expect(server.manager.stats().subscribers).toBe(0));
      unsubscribed++;
    }
    if (got.length === total) break;
  }
  expect(got).toEqual(Array.from({ length: total }, (_, i) => `${i}`));
  expect(unsubscribed).toBe(1);
});

test('[D4] a loop so slow that the log was trimmed gets a gap', async () => {
  const manager = new EventManager({ broker: new MemoryBroker({ maxRecords: 10 }), lingerMs: 1 });
  await using server = await startTestServer({ manager });
  await using client = connect({ url: server.wsUrl });
  for (let i = 0; i < 10; i++) await manager.publish('agent_message', agentMessage(i));
  const types: string[] = [];
  for await (const { event } of client.stream({ since: { last: 10 }, bufferSize: 3 })) {
    types.push(event.event_type);
    if (types.length === 1) {
      await eventually(() => expect(manager.stats().topics).toEqual([]));
      for (let i = 10; i < 40; i++) await manager.publish('agent_message', agentMessage(i));
    }
    if (event.event_type === 'stream_gap') {
      expect(event.data).toMatchObject({ reason: 'trimmed', lost: expect.any(Number) });
      break;
    }
  }
  expect(types).toEqual(['agent_message', 'agent_message', 'agent_message', 'stream_gap']);
});

test('each loop over a stream has its own subscription', async () => {
  await using server = await startTestServer();
  await using client = connect({ url: server.wsUrl });
  await client.publish('agent_message', agentMessage('x'));
  const stream = client.stream({ since: { last: 1 } });
  for (let round = 0; round < 2; round++) {
    for await (const { event } of stream) {
      expect(event.event_type).toBe('agent_message');
      break;
    }
  }
});

test('a signal ends the loop, an error is thrown in it, and an invalid bufferSize is refused', async () => {
  await using server = await startTestServer();
  await using client = connect({ url: server.wsUrl });
  const abort = new AbortController();
  const types: string[] = [];
  for await (const { event } of client.stream({ signal: abort.signal })) {
    types.push(event.event_type);
    setTimeout(() => abort.abort());
  }
  expect(types).toEqual(['stream_synced']);
  for await (const item of client.stream({ signal: abort.signal })) expect.unreachable(item.cursor);
  const failing = (async () => {
    for await (const item of client.stream({ since: 'nonsense' })) expect.unreachable(item.cursor);
  })();
  await expect(failing).rejects.toMatchObject({ code: 'INVALID_OPTION' });
  expect(() => client.stream({ bufferSize: 0 })).toThrow(TypeError);
});

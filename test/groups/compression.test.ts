import { expect, test } from 'vitest';
import { COMPRESSION, WEBSOCKET_LIMITS } from '../../server/index.ts';
import { until } from '../broadcaster/harness.ts';
import { agentMessage } from '../support/events.ts';
import { itemsOf, messagesOf, startEventServer } from './harness.ts';

const TEXT = 'The shadow is everything the persona has decided not to see. '.repeat(8);
const compressed = { ws: { ...WEBSOCKET_LIMITS, perMessageDeflate: COMPRESSION } };

test('clients that accept compression get the same events in fewer bytes, whatever their request ids', async () => {
  await using events = await startEventServer(compressed);
  const clients = await Promise.all([1, 2, 'three'].map((id) => events.subscribe(id)));
  expect(clients.map(({ ws }) => ws.extensions)).toEqual(Array(3).fill('permessage-deflate'));
  const before = events.sockets.map((socket) => socket.bytesWritten);
  for (let n = 0; n < 20; n++) await events.manager.publish('agent_message', agentMessage(`${n} ${TEXT}`));
  for (const [index, id] of [1, 2, 'three'].entries()) {
    const client = clients[index];
    if (!client) throw new Error('no client');
    await until(() =>
      expect(messagesOf(client, id)).toEqual(Array.from({ length: 20 }, (_, n) => `${n} ${TEXT}`)),
    );
    const plain = itemsOf(client, id).reduce((bytes, item) => bytes + JSON.stringify(item).length, 0);
    const sent = (events.sockets[index]?.bytesWritten ?? 0) - (before[index] ?? 0);
    expect(sent).toBeLessThan(plain * 0.65);
  }
});

test('a client without compression gets plain frames from the same server', async () => {
  await using events = await startEventServer(compressed);
  const client = await events.subscribe(1, {}, { perMessageDeflate: false });
  expect(client.ws.extensions).toBe('');
  await events.manager.publish('agent_message', agentMessage(TEXT));
  await until(() => expect(messagesOf(client)).toEqual([TEXT]));
});

test('short messages and replies to one client are not compressed', async () => {
  await using events = await startEventServer({ ...compressed, compressFrom: 100_000 });
  const client = await events.subscribe();
  const [socket] = events.sockets;
  const before = socket?.bytesWritten ?? 0;
  await events.manager.publish('agent_message', agentMessage(TEXT));
  await until(() => expect(messagesOf(client)).toEqual([TEXT]));
  client.call(2, 'query', 'history', { json: {} });
  await client.frame(2);
  expect((socket?.bytesWritten ?? 0) - before).toBeGreaterThan(TEXT.length * 2);
});

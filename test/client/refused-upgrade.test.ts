import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { closeCodeOf, describeLoss } from '../../client/failures/connection-loss.ts';
import { Broadcaster, createAppRouter, EventManager, MemoryBroker } from '../../server/index.ts';
import { agentMessage } from '../support/events.ts';
import { connect } from './connect.ts';
import { eventually } from './eventually.ts';
import { startTestServer } from './test-server.ts';

/** A Broadcaster that refuses each WebSocket with 403, on a server that answers over HTTP in its own way. */
async function startRefusing(answer: RequestListener) {
  const manager = new EventManager({ broker: new MemoryBroker() });
  const server = createServer(answer);
  const onUpgrade = () => ({ status: 403, message: 'Pages of example.org only' });
  const broadcaster = new Broadcaster({ server, router: createAppRouter(manager), onUpgrade });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      await broadcaster.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await manager.close();
    },
  };
}

test('a server that refuses the WebSocket and has nothing over HTTP is no wrong address alone', async () => {
  await using server = await startRefusing((_, response) => void response.writeHead(404).end());
  await using client = connect({ url: server.url });
  await expect(client.stats({ timeoutMs: 60_000 })).rejects.toMatchObject({
    message: expect.stringMatching(/check url and path\. One for WebSockets alone may have refused this/),
  });
});

test('a server that answers nothing over HTTP is told in words, not by the number of a timeout', async () => {
  await using server = await startRefusing(() => {});
  await using client = connect({ url: server.url });
  await eventually(() => expect(client.connection.state.error?.message).toMatch(/due to timeout/));
  expect(client.connection.state.error?.message).not.toMatch(/closed with/);
});

test('the number of an error is no close code, and that of a close event is one', () => {
  const timeout = new DOMException('Too late', 'TimeoutError');
  expect([closeCodeOf(timeout), describeLoss(timeout)]).toEqual([undefined, 'Too late']);
  const lost = new Error('lost', { cause: { code: 4008, reason: 'SLOW' } });
  expect([closeCodeOf(lost), describeLoss(lost)]).toEqual([4008, 'closed with 4008 SLOW']);
});

test('a read without an answer says nothing of an event; control: a publish that was never sent does', async () => {
  await using server = await startTestServer({ admit: () => false });
  await using client = connect({ url: server.wsUrl });
  const reads = [client.stats({ timeoutMs: 2000 }), client.history({ timeoutMs: 2000 })];
  for (const read of reads) {
    const error = await read.catch((cause: Error) => cause);
    expect(error).toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringMatching(/^No answer within 2000 ms\. The last try failed: /),
    });
    expect(error).not.toMatchObject({ message: expect.stringMatching(/stored|idempotencyKey|not sent/) });
  }
  await expect(client.publish('agent_message', agentMessage(1), { timeoutMs: 2000 })).rejects.toMatchObject({
    message: expect.stringMatching(/^No answer within 2000 ms\. The event was not sent: /),
  });
});

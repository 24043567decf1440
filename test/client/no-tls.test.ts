import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { createPublisher } from '../../client/index.ts';
import { agentMessage } from '../support/events.ts';

test('an https address of a server without TLS is reported in words, and not tried again', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const publisher = createPublisher({ url: `https://127.0.0.1:${(server.address() as AddressInfo).port}` });
  await expect(publisher.publish('agent_message', agentMessage('x'))).rejects.toMatchObject({
    code: 'INVALID_OPTION',
    message: expect.stringContaining('speaks no TLS: use http:// or ws://'),
  });
  await publisher.close();
  server.close();
});

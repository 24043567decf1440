import { expect, test } from 'vitest';
import { agentMessage } from '../support/events.ts';
import { connect } from './connect.ts';
import { eventually } from './eventually.ts';
import { startTestServer } from './test-server.ts';

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
  const refused = { code: 'INVALID_OPTION', message: expect.stringContaining('on.agent_message') };
  await expect(large.ready).rejects.toMatchObject(refused);
  // One that is asked for while the connection is lost was not sent.
  const next = client.on('agent_message', () => {}, { filter: filterOf(10), onError });
  await client.publish('agent_message', agentMessage('on'));
  await eventually(() => expect(seen).toEqual(['on']));
  await next.ready;
  expect(errors).toMatchObject([refused]);
});

import { describe, expect, test } from 'vitest';
import { httpClient, startTestServer } from '../app/harness.ts';
import { agentMessage } from '../support/events.ts';
import { DiskFixture } from './fixtures.ts';

describe('a server with --data', () => {
  test('[D4] [D12] keeps events and cursors across a restart', async () => {
    await using disk = new DiskFixture();
    const messages: unknown[] = [];
    let cursor = '';
    {
      await using server = await startTestServer({ data: disk.path });
      const trpc = httpClient(server.url);
      ({ cursor } = await trpc.publish.agent_message.mutate({ data: agentMessage('seen') }));
      await trpc.publish.agent_message.mutate({ data: agentMessage('missed') });
    }
    await using server = await startTestServer({ data: disk.path });
    const subscription = httpClient(server.url).on.any.subscribe(
      { since: cursor },
      { onData: ({ data }) => messages.push(data) },
    );
    await expect
      .poll(() => messages)
      .toMatchObject([
        { event_type: 'agent_message', data: { message: 'missed' } },
        { event_type: 'stream_synced', data: { recovered: true } },
      ]);
    subscription.unsubscribe();
  });

  test('does not start with a file that another process uses', async () => {
    await using disk = new DiskFixture();
    await disk.open();
    await expect(startTestServer({ data: disk.path })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });
});

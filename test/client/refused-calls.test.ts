import { beforeEach, expect, test, vi } from 'vitest';
import type { Transport } from '../../client/index.ts';
import { agentMessage } from '../support/events.ts';
import { connect } from './connect.ts';
import { eventually } from './eventually.ts';
import { startTestServer } from './test-server.ts';

beforeEach(() => {
  vi.spyOn(console, 'warn').mockReturnValue();
  return () => vi.restoreAllMocks();
});

test.each<Transport>(['ws', 'sse'])(
  '[D12] a publish that was refused, as nothing was at the address, is not sent when the server is there, over %s',
  async (transport) => {
    let isThere = false;
    await using server = await startTestServer({
      admit: () => isThere,
      intercept: (_, res) => {
        if (!isThere) res.writeHead(404, { 'content-type': 'text/html' }).end('nothing here');
        return !isThere;
      },
    });
    await using client = connect({ url: server.url, transports: [transport] });
    for (const words of ['before it is known', 'known'])
      await expect(client.publish('agent_message', agentMessage(words))).rejects.toMatchObject({
        code: 'INVALID_OPTION',
      });
    isThere = true;
    await eventually(() => {
      client.connection.retry();
      expect(client.connection.state.status).toBe('live');
    });
    await client.publish('agent_message', agentMessage('taken'));
    const { items } = await server.manager.history({});
    expect(items.map(({ event }) => event.data)).toMatchObject([{ message: 'taken' }]);
  },
);

import {
  createTRPCClient,
  createWSClient,
  httpBatchLink,
  httpSubscriptionLink,
  splitLink,
  type TRPCClient,
  wsLink,
} from '@trpc/client';
import { EventSource } from 'eventsource';
import superjson from 'superjson';
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import type { AppRouter } from '../../server/index.ts';
import type { PsycheCatalog } from '../../shared/index.ts';
import { agentMessage } from '../support/events.ts';
import { connect } from './connect.ts';
import { eventually } from './eventually.ts';
import { startTestServer, type TestServer } from './test-server.ts';

type Stock = { trpc: TRPCClient<AppRouter>; close: () => void };

function overWebSocket(server: TestServer<PsycheCatalog>): Stock {
  const client = createWSClient({ url: server.wsUrl, WebSocket: WebSocket as never });
  return {
    trpc: createTRPCClient({ links: [wsLink({ client, transformer: superjson })] }),
    close: () => void client.close(),
  };
}

function overHttp(server: TestServer<PsycheCatalog>): Stock {
  const options = { url: server.httpUrl, transformer: superjson };
  return {
    trpc: createTRPCClient({
      links: [
        splitLink({
          condition: ({ type }) => type === 'subscription',
          true: httpSubscriptionLink({ ...options, EventSource }),
          false: httpBatchLink(options),
        }),
      ],
    }),
    close: () => {},
  };
}

test.each([
  ['wsLink', overWebSocket],
  ['httpSubscriptionLink', overHttp],
])('a stock client with %s sees the same events as ours', async (_, stock) => {
  await using server = await startTestServer();
  await using ours = connect({ url: server.wsUrl });
  const { trpc, close } = stock(server);
  const theirs: [string, string][] = [];
  const mine: [string, string][] = [];
  const subscription = trpc.on.agent_message.subscribe(undefined, {
    onData: ({ id, data }) =>
      theirs.push([id, data.event_type === 'agent_message' ? data.data.message : data.event_type]),
  });
  ours.on('agent_message', ({ data }, { cursor }) => mine.push([cursor, data.message]), {
    onSynced: ({ cursor }) => mine.push([cursor, 'stream_synced']),
  });
  await eventually(() => expect([theirs.length, mine.length]).toEqual([1, 1]));
  await ours.publish('agent_message', agentMessage('ours'));
  await trpc.publish.agent_message.mutate({ data: agentMessage('theirs') });
  await eventually(() => expect(theirs.map(([, text]) => text)).toEqual(['stream_synced', 'ours', 'theirs']));
  await eventually(() => expect(mine).toEqual(theirs));
  expect(await trpc.history.query({ limit: 1 })).toEqual(await ours.history({ limit: 1 }));
  subscription.unsubscribe();
  close();
});

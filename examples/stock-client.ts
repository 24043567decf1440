/**
 * The events with nothing but tRPC's own client: typed by the router, resumed by its own means. The router is the
 * simulation's; of a server with a catalog of yours it is `AppRouter<typeof catalog>`, see docs/open-events.md.
 *
 *   npm start                              the server, on port 3000
 *   npx tsx examples/stock-client.ts       or with another address: URL=ws://…/trpc
 */
import { createTRPCClient, createWSClient, wsLink } from '@trpc/client';
import type { AppRouter } from 'psyche-events/server';
import superjson from 'superjson';
import { WebSocket } from 'ws';

const socket = createWSClient({
  url: process.env['URL'] ?? 'ws://127.0.0.1:3000/trpc',
  WebSocket: WebSocket as never, // Node 20 has none of its own; a browser has
});
const client = createTRPCClient<AppRouter>({ links: [wsLink({ client: socket, transformer: superjson })] });

const threeMessages = new Promise<void>((resolve) => {
  let count = 0;
  const subscription = client.on.agent_message.subscribe(
    { since: { last: 3 } },
    {
      onData({ id, data }) {
        if (data.event_type === 'stream_gap')
          console.log(`missed ${data.data.lost ?? 'some'}: ${data.data.reason}`);
        if (data.event_type !== 'agent_message') return;
        console.log(`${id} ${data.data.agent_type}: ${data.data.message}`);
        if (++count < 3) return;
        subscription.unsubscribe();
        resolve();
      },
    },
  );
});

for (const message of ['one', 'two', 'three']) {
  await client.publish.agent_message.mutate({
    data: {
      agent_id: 'me',
      agent_type: 'Guest',
      message,
      sentiment: { score: 0, label: 'neutral' },
      metadata: {},
    },
  });
}
await threeMessages;
await socket.close();

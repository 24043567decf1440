import { createTRPCClient, createWSClient, wsLink } from '@trpc/client';
import superjson from 'superjson';
import { WebSocket } from 'ws';
import type { AppRouter } from '../../server/index.ts';
import { agentMessage } from '../support/events.ts';

/** A process of its own: a stock tRPC client that publishes `count` messages to a server, one after the other. */
const [url = '', count = ''] = process.argv.slice(2);
const socket = createWSClient({ url, WebSocket: WebSocket as never });
const client = createTRPCClient<AppRouter>({ links: [wsLink({ client: socket, transformer: superjson })] });
for (let n = 1; n <= Number(count); n++) {
  await client.publish.agent_message.mutate({ data: agentMessage(n) });
}
await socket.close();

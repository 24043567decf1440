/**
 * The events inside a tRPC application that exists already: under a key of its router, behind its own middleware,
 * with its context and transformer. Clients infer all of it, tRPC's own and ours.
 *
 *   npx tsx examples/mount-in-your-app.ts
 */
import { once } from 'node:events';
import { createTRPCClient, createWSClient, wsLink } from '@trpc/client';
import { initTRPC, TRPCError } from '@trpc/server';
import { transformer } from 'psyche-events';
import { createClient } from 'psyche-events/client';
import {
  applyBroadcastWSSHandler,
  EventManager,
  errorFormatter,
  eventProcedures,
  MemoryBroker,
  WEBSOCKET_LIMITS,
} from 'psyche-events/server';
import superjson from 'superjson';
import { WebSocket, WebSocketServer } from 'ws';

// The application as it was, but for the transformer: superjson's format, and bounded, whatever a stranger sends; and
// the error formatter, by which clients know what is wrong with an event.
const t = initTRPC.context<{ user: string | null }>().create({ transformer, errorFormatter });
const signedIn = t.procedure.use(({ ctx, next }) => {
  if (ctx.user === null) throw new TRPCError({ code: 'UNAUTHORIZED' });
  return next({ ctx: { user: ctx.user } });
});

// Two more lines are new.
const manager = new EventManager({ broker: new MemoryBroker() });
const appRouter = t.router({
  events: eventProcedures(manager, signedIn),
  whoAmI: signedIn.query(({ ctx }) => ctx.user),
});

// In place of applyWSSHandler; the options are the same.
const wss = new WebSocketServer({ port: 0, host: '127.0.0.1', ...WEBSOCKET_LIMITS });
applyBroadcastWSSHandler({
  wss,
  router: appRouter,
  createContext: ({ info }) => ({ user: info.connectionParams?.['user'] ?? null }),
});

await once(wss, 'listening');
const address = wss.address();
if (address === null || typeof address === 'string') throw new Error('not listening');
const url = new URL(`ws://127.0.0.1:${address.port}`); // as an object, since this endpoint is not named /trpc

// tRPC's own client, as the application has it: the events are procedures like any other.
const socket = createWSClient({
  url: url.href,
  WebSocket: WebSocket as never, // Node 20 has none of its own
  connectionParams: { user: 'Ada' },
});
const trpc = createTRPCClient<typeof appRouter>({
  links: [wsLink({ client: socket, transformer: superjson })],
});

// Ours resumes by itself and says what is missing. The router's type is all it needs: a wrong path does not compile.
const client = createClient<typeof appRouter>({
  url,
  path: 'events',
  connectionParams: () => ({ user: 'Ada' }), // for the application's own context; asked for each connection
});
const received = new Promise<string>((resolve) => {
  client.on('agent_message', ({ data }) => resolve(data.message), { since: { last: 1 } });
});
await trpc.events.publish.agent_message.mutate({
  data: {
    agent_id: 'ego',
    agent_type: 'Ego',
    message: 'Mounted.',
    sentiment: { score: 0.5, label: 'positive' },
    metadata: {},
  },
});
console.log(`${await trpc.whoAmI.query()} received: ${await received}`);

await client.close();
await socket.close();
wss.close();
await manager.close();

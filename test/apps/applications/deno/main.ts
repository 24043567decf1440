/** The service as on Node; and tRPC's fetch adapter on Deno's own server. */
import { fetchRequestHandler } from '@trpc/server/adapters/fetch';
import { follow } from './follow.ts';
import { appRouter, manager } from './router.ts';

await manager.publish('dream', { at: new Date(0), heard: new Map(), length: 7n });
const leave = new AbortController();
const server = Deno.serve({ port: 0, hostname: '127.0.0.1', signal: leave.signal, onListen() {} }, (req) =>
  fetchRequestHandler({
    endpoint: '/trpc',
    req,
    router: appRouter,
    createContext: () => ({ user: req.headers.get('x-user') }),
  }),
);
console.log(await follow(`http://127.0.0.1:${server.addr.port}/trpc`));
leave.abort();
await server.finished;

await import('./service.ts');

/** The service as on Node; and tRPC's fetch adapter on Bun's own server. */
import { fetchRequestHandler } from '@trpc/server/adapters/fetch';
import { follow } from './follow.ts';
import { appRouter, manager } from './router.ts';

await manager.publish('dream', { at: new Date(0), heard: new Map(), length: 7n });
const server = Bun.serve({
  port: 0,
  idleTimeout: 0,
  fetch: (req) =>
    fetchRequestHandler({
      endpoint: '/trpc',
      req,
      router: appRouter,
      createContext: () => ({ user: req.headers.get('x-user') }),
    }),
});
console.log(await follow(`http://127.0.0.1:${server.port}/trpc`));
await server.stop(true);

await import('./service.ts');

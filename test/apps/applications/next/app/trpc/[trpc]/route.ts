import { fetchRequestHandler } from '@trpc/server/adapters/fetch';
import { appRouter, manager } from '../../../router.ts';

await manager.publish('dream', { at: new Date(0), heard: new Map([['fire', 1n]]), length: 7n });

const handler = (req: Request) =>
  fetchRequestHandler({
    endpoint: '/trpc',
    req,
    router: appRouter,
    createContext: ({ info }) => ({ user: info.connectionParams?.['user'] ?? req.headers.get('x-user') }),
  });

export { handler as GET, handler as POST };

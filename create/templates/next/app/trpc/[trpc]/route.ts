import { fetchRequestHandler } from '@trpc/server/adapters/fetch';
import { appRouter } from '../../../router.ts';

/** tRPC's fetch adapter: calls over HTTP, subscriptions as server-sent events. */
const handler = (req: Request) =>
  fetchRequestHandler({ endpoint: '/trpc', req, router: appRouter, createContext: () => ({}) });

export { handler as GET, handler as POST };

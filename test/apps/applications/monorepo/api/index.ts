/** Exports the type of a router, and with declarations whatever that type needs has to have a name. */
import { initTRPC, TRPCError } from '@trpc/server';
import { transformer } from 'psyche-events';
import {
  createAppRouter,
  EventManager,
  errorFormatter,
  eventProcedures,
  MemoryBroker,
} from 'psyche-events/server';
import { catalog } from './catalog.ts';

const t = initTRPC.context<{ user: string | null }>().create({ transformer, errorFormatter });
const signedIn = t.procedure.use(({ ctx, next }) => {
  if (ctx.user === null) throw new TRPCError({ code: 'UNAUTHORIZED' });
  return next({ ctx: { user: ctx.user } });
});

export const manager = new EventManager({ catalog, broker: new MemoryBroker() });
export const appRouter = t.router({
  events: eventProcedures(manager, signedIn),
  nested: t.router({ events: eventProcedures(manager, t.procedure) }),
  whoAmI: signedIn.query(({ ctx }) => ctx.user),
});
export type AppRouter = typeof appRouter;

/** Events at the top level, and a procedure beside them. */
export const ownRouter = createAppRouter(manager, (procedure) => ({ hello: procedure.query(() => 'hello') }));
export type OwnRouter = typeof ownRouter;

export const createCaller = t.createCallerFactory(appRouter);

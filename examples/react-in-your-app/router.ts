import { initTRPC, TRPCError } from '@trpc/server';
import { defineEvents, transformer } from 'psyche-events';
import { EventManager, errorFormatter, eventProcedures, MemoryBroker } from 'psyche-events/server';
import * as z from 'zod';

const t = initTRPC.context<{ user: string | null }>().create({ transformer, errorFormatter });
const signedIn = t.procedure.use(({ ctx, next }) => {
  if (ctx.user === null) throw new TRPCError({ code: 'UNAUTHORIZED' });
  return next({ ctx: { user: ctx.user } });
});

const catalog = defineEvents({
  order_placed: z.object({ item: z.string(), cents: z.bigint(), at: z.date() }),
});
export const manager = new EventManager({ catalog, broker: new MemoryBroker() });

export const appRouter = t.router({
  shop: t.router({
    events: eventProcedures(manager, signedIn),
    isOpen: t.procedure.query(() => true),
  }),
});

/** All that the page imports of it. */
export type AppRouter = typeof appRouter;

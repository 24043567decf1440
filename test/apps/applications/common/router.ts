import { initTRPC, TRPCError } from '@trpc/server';
import { defineEvents, transformer } from 'psyche-events';
import { EventManager, errorFormatter, eventProcedures, MemoryBroker } from 'psyche-events/server';
import * as z from 'zod';

export const catalog = defineEvents({
  dream: z.object({ at: z.date(), heard: z.map(z.string(), z.bigint()), length: z.bigint() }),
});

const t = initTRPC.context<{ user: string | null }>().create({ transformer, errorFormatter });
const signedIn = t.procedure.use(({ ctx, next }) => {
  if (ctx.user === null) throw new TRPCError({ code: 'UNAUTHORIZED', message: 'Sign in.' });
  return next({ ctx: { user: ctx.user } });
});

export const manager = new EventManager({ catalog, broker: new MemoryBroker() });
export const appRouter = t.router({
  events: eventProcedures(manager, signedIn),
  whoAmI: signedIn.query(({ ctx }) => ctx.user),
});
export type AppRouter = typeof appRouter;

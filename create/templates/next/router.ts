import { initTRPC } from '@trpc/server';
import { transformer } from 'psyche-events';
import { EventManager, errorFormatter, eventProcedures, MemoryBroker } from 'psyche-events/server';
import { catalog } from './catalog.ts';

const t = initTRPC.create({ transformer, errorFormatter });

/**
 * Publishes and follows in this process; kept over the reloads of development. Where Next runs in several processes, as
 * it does serverless, they share their events with a RedisBroker in place of the MemoryBroker.
 */
const kept = globalThis as { manager?: EventManager<typeof catalog> };
kept.manager ??= new EventManager({ catalog, broker: new MemoryBroker() });

export const appRouter = t.router({
  events: eventProcedures(kept.manager, t.procedure), // or a procedure with your middleware
});
export type AppRouter = typeof appRouter;

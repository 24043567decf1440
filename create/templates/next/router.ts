import { initTRPC } from '@trpc/server';
import { transformer } from 'psyche-events';
import { EventManager, errorFormatter, eventProcedures, MemoryBroker } from 'psyche-events/server';
import { catalog } from './catalog.ts';

const t = initTRPC.create({ transformer, errorFormatter });

/**
 * Keeps the events in this process, over the reloads of development. Where Next runs in several processes, as it does
 * serverless, they share their events with a RedisBroker in place of the MemoryBroker.
 */
const kept = globalThis as { broker?: MemoryBroker };
kept.broker ??= new MemoryBroker();
/** Publishes and follows; made anew with each reload, so that it has the events that are in the catalog by then. */
const manager = new EventManager({ catalog, broker: kept.broker });

export const appRouter = t.router({
  events: eventProcedures(manager, t.procedure), // or a procedure with your middleware
});
export type AppRouter = typeof appRouter;

import { initTRPC } from '@trpc/server';
import { transformer } from 'psyche-events';
import { EventManager, errorFormatter, eventProcedures, MemoryBroker } from 'psyche-events/server';
import { catalog } from './catalog.ts';

const t = initTRPC.create({ transformer, errorFormatter });

/** Publishes and follows in this process: `manager.publish('message', …)`. A SqliteBroker or RedisBroker outlives it. */
export const manager = new EventManager({ catalog, broker: new MemoryBroker() });

export const appRouter = t.router({
  events: eventProcedures(manager, t.procedure), // or a procedure with your middleware
});
export type AppRouter = typeof appRouter;

/** All doors, used as an application uses them, with declarations written of it. */
import { initTRPC } from '@trpc/server';
import { defineEvents, transformer } from 'psyche-events';
import { createClient, createPublisher } from 'psyche-events/client';
import { createPsycheEvents } from 'psyche-events/react';
import {
  applyBroadcastWSSHandler,
  Broadcaster,
  createAppRouter,
  EventManager,
  errorFormatter,
  eventProcedures,
  loadConfig,
  MemoryBroker,
  startServer,
} from 'psyche-events/server';
import { createEventStore, select } from 'psyche-events/store';
import * as z from 'zod';

export const catalog = defineEvents({
  dream: z.object({ at: z.date(), heard: z.map(z.string(), z.bigint()), note: z.string().optional() }),
  waking: z.object({ hour: z.int() }),
});
export const manager = new EventManager({ catalog, broker: new MemoryBroker() });
export const t = initTRPC.context<{ user: string }>().create({ transformer, errorFormatter });
export const appRouter = t.router({ events: eventProcedures(manager, t.procedure) });
export type AppRouter = typeof appRouter;
export const ownRouter = createAppRouter(manager);
export const serve = applyBroadcastWSSHandler;
export const Sockets = Broadcaster;
export const start = () => startServer(loadConfig({ port: 0 }), { catalog });

export const client = createClient<AppRouter>({ url: 'https://a.example', path: 'events' });
export const publisher = createPublisher({ url: 'https://a.example', catalog });
export const hooks = createPsycheEvents<AppRouter>();
export const store = createEventStore(() => createClient<AppRouter>({ path: 'events' }));
export const dreams = store.events({ types: ['dream'], since: { last: 5 } });
export const heard = select(dreams, ({ events }) => events.at(-1)?.data.heard.get('a') ?? 0n);
export const subscription = client.on(
  'dream',
  ({ data }, { cursor }) =>
    `${cursor} ${data.at.toISOString()} ${data.heard.get('a') ?? 0n} ${data.note ?? ''}`,
  { filter: { note: { prefix: 'a' } } },
);
export const published = client.publish('dream', { at: new Date(), heard: new Map() });

// @ts-expect-error a field of another type
export const wrong = client.publish('waking', { hour: 'seven' });

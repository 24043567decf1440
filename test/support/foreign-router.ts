import { initTRPC, TRPCError } from '@trpc/server';
import * as z from 'zod';
import { createAppRouter, type EventManager, eventProcedures } from '../../server/index.ts';
import { defineEvents, type PsycheCatalog, transformer } from '../../shared/index.ts';

/** Events whose data is no plain JSON, one with a schema that takes something else than it yields. */
export const dreams = defineEvents({
  dream: z.object({
    at: z.date(),
    heard: z.map(z.string(), z.bigint()),
    length: z.string().transform((text) => text.length),
  }),
  waking: z.object({ hour: z.number() }),
});

type Dreams = EventManager<typeof dreams>;

const t = initTRPC.context<{ user: string | null }>().create({ transformer });
const signedIn = t.procedure.use(({ ctx, next }) => {
  if (ctx.user === null) throw new TRPCError({ code: 'UNAUTHORIZED', message: 'Sign in.' });
  return next({ ctx: { user: ctx.user } });
});

/** Another team's application: its own context, which has to know the user, and events under a key. */
export function foreignRouter(manager: Dreams) {
  return t.router({
    events: eventProcedures(manager, signedIn),
    whoAmI: signedIn.query(({ ctx }) => ctx.user),
  });
}

/** An application with events in two places, one of them in a router of its own. */
export function nestedRouter(manager: Dreams, news: EventManager<PsycheCatalog>) {
  return t.router({
    a: t.router({ events: eventProcedures(manager, signedIn), hello: t.procedure.query(() => 'hello') }),
    news: eventProcedures(news, t.procedure),
  });
}

/** Events at the top, as in our own server. */
export function ownRouter(manager: Dreams) {
  return createAppRouter(manager);
}

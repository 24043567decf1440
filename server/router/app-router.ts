import { initTRPC } from '@trpc/server';
import type { AnyCatalog } from '../../shared/catalog.ts';
import { formatIssues } from '../../shared/errors.ts';
import type { PsycheCatalog } from '../../shared/psyche-events.ts';
import { transformer } from '../../shared/transformer.ts';
import type { EventManager } from '../event-manager/event-manager.ts';
import { errorDetails } from './errors.ts';
import { eventProcedures } from './event-procedures.ts';

const t = initTRPC.create({
  transformer,
  isDev: false, // no stack traces to clients, whatever NODE_ENV says
  errorFormatter({ shape, error }) {
    const details = errorDetails(error);
    // zod's own message is a JSON array; and what an unexpected error says is for the log, not for clients.
    const message =
      details.reason === 'INVALID_OPTION' && details.issues.length > 0
        ? formatIssues(details.issues)
        : shape.message;
    const masked = error.code === 'INTERNAL_SERVER_ERROR';
    return {
      ...shape,
      message: masked ? 'Internal server error' : message,
      data: { ...shape.data, ...details },
    };
  },
});

/** The whole router of a server: a catalog's procedures at the top level. */
export function createAppRouter<C extends AnyCatalog>(manager: EventManager<C>) {
  return t.router(eventProcedures(manager, t.procedure));
}

/** The router's type: all that a client imports. */
export type AppRouter<C extends AnyCatalog = PsycheCatalog> = ReturnType<typeof createAppRouter<C>>;

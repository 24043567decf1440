import { initTRPC, type TRPCRouterRecord } from '@trpc/server';
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
  // An idle stream of server-sent events looks dead to proxies, and a dead one idle to clients.
  sse: { ping: { enabled: true, intervalMs: 15_000 }, client: { reconnectAfterInactivityMs: 40_000 } },
  errorFormatter({ shape, error }) {
    const details = errorDetails(error);
    // zod's own message is a JSON array; and what an unexpected error says is for the log, not for clients.
    const wrongShape = details.reason === 'INVALID_OPTION' && details.issues.length > 0;
    const masked = error.code === 'INTERNAL_SERVER_ERROR';
    const message = wrongShape
      ? formatIssues(details.issues)
      : masked
        ? 'Internal server error'
        : shape.message;
    return { ...shape, message, data: { ...shape.data, ...details } };
  },
});

/** Procedures beside the events', built on the application's own procedure. */
type Beside<R extends TRPCRouterRecord> = (procedure: typeof t.procedure) => R;

const nothing = () => ({});

/**
 * The whole router of a server: a catalog's procedures at the top level, and others beside them.
 * @example createAppRouter(manager, (procedure) => ({ simulation: simulationProcedures(registry, procedure) }))
 */
export function createAppRouter<C extends AnyCatalog>(manager: EventManager<C>): AppRouter<C>;
export function createAppRouter<C extends AnyCatalog, R extends TRPCRouterRecord>(
  manager: EventManager<C>,
  beside: Beside<R>,
): ReturnType<typeof build<C, R>>;
export function createAppRouter<C extends AnyCatalog>(
  manager: EventManager<C>,
  beside: Beside<TRPCRouterRecord> = nothing,
) {
  return build(manager, beside);
}

function build<C extends AnyCatalog, R extends TRPCRouterRecord>(
  manager: EventManager<C>,
  beside: Beside<R>,
) {
  return t.router({ ...eventProcedures(manager, t.procedure), ...beside(t.procedure) });
}

/** The router's type: all that a client imports. */
export type AppRouter<C extends AnyCatalog = PsycheCatalog> = ReturnType<
  typeof build<C, Record<never, never>>
>;

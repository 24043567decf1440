import { initTRPC, type TRPCError, type TRPCRouterRecord } from '@trpc/server';
import { type AnyCatalog, unknownEvent } from '../../shared/catalog.ts';
import { EventsError } from '../../shared/errors.ts';
import { checkOptions } from '../../shared/options/known-options.ts';
import type { PsycheCatalog } from '../../shared/psyche-events.ts';
import { anything, optionsOnly } from '../../shared/wire/limits.ts';
import type { AccessContext } from '../access/access-context.ts';
import { type Authorize, authorizeSession } from '../access/authorize.ts';
import { guard } from '../access/guard.ts';
import type { EventManager } from '../event-manager/event-manager.ts';
import { strictErrorFormatter, toTRPCError } from '../trpc/errors.ts';
import { decodeInput, lazyTransformer } from '../trpc/raw-input.ts';
import { hearErrors } from '../trpc/tracked-items.ts';
import { type EventProcedures, eventProcedures } from './event-procedures.ts';
import { requireManager } from './require-manager.ts';

/** tRPC as a server of ours speaks it. @param names of the catalog's events, for a caller that asks for another one */
function trpcOf(names: readonly string[]) {
  return initTRPC.context<AccessContext>().create({
    transformer: lazyTransformer,
    isDev: false, // no stack traces to clients, whatever NODE_ENV says
    // An idle stream of server-sent events looks dead to proxies, and a dead one idle to clients.
    sse: { ping: { enabled: true, intervalMs: 15_000 }, client: { reconnectAfterInactivityMs: 40_000 } },
    errorFormatter({ shape, error, path }) {
      const unknown = error.code === 'NOT_FOUND' ? asUnknownEvent(path, names) : undefined;
      if (!unknown) return strictErrorFormatter({ shape, error });
      return strictErrorFormatter({ shape: { ...shape, message: unknown.message }, error: unknown });
    },
  });
}

/** An error that names the events there are, for a procedure of one that is not there. */
function asUnknownEvent(path: string | undefined, names: readonly string[]): TRPCError | undefined {
  const [, name] = /^(?:on|publish|begin|answer)\.([^.]+)$/.exec(path ?? '') ?? [];
  return name === undefined || names.includes(name) ? undefined : toTRPCError(unknownEvent(name, names));
}

type Trpc = ReturnType<typeof trpcOf>;

/** Callers of a procedure beside the events must be allowed to, see `guard`; only then is the input decoded. */
function guarded(t: Trpc, authorize: Authorize<AccessContext>) {
  return t.procedure.use(async ({ ctx, type, getRawInput, next }) => {
    await guard(authorize, { ctx, type, getRawInput });
    const result = await next({ getRawInput: async () => decodeBeside(await getRawInput()) });
    if (result.ok) hearErrors(result.data);
    return result;
  });
}

/** Anything may be in it, but where the topic is that was authorised: that is text, and stays it. */
function decodeBeside(input: unknown): unknown {
  try {
    return decodeInput(input, (path) =>
      (path.length === 0 || path[0] === 'topic' ? optionsOnly : anything)(path),
    );
  } catch (error) {
    throw error instanceof EventsError ? toTRPCError(error) : error;
  }
}

/** Procedures beside the events, built on the application's own procedure. */
type Beside<R extends TRPCRouterRecord> = (procedure: ReturnType<typeof guarded>) => R;

/** Options of {@link createAppRouter} besides. */
export interface AppRouterOptions {
  /** Decides what each call may do. Default: what the claims of its session allow; without a session, everything. */
  authorize?: Authorize<AccessContext> | undefined;
}

const nothing = () => ({});

/**
 * The whole router of a server: a catalog's procedures at the top level, and others beside them. Of the others,
 * mutations need the right to `control` the topic they name, and the rest the right to `stats`.
 * @example createAppRouter(manager, (procedure) => ({ simulation: simulationProcedures(registry, procedure) }))
 * @throws TypeError where `beside` is no function, or an option is none
 */
export function createAppRouter<C extends AnyCatalog>(
  manager: EventManager<C>,
  beside?: undefined,
  options?: AppRouterOptions,
): AppRouter<C>;
export function createAppRouter<C extends AnyCatalog, R extends TRPCRouterRecord>(
  manager: EventManager<C>,
  beside: Beside<R>,
  options?: AppRouterOptions,
): ReturnType<typeof build<C, R>>;
export function createAppRouter<C extends AnyCatalog>(
  manager: EventManager<C>,
  beside: Beside<TRPCRouterRecord> = nothing,
  options: AppRouterOptions = {},
) {
  requireManager('createAppRouter', manager);
  if (typeof beside !== 'function')
    throw new TypeError(
      'createAppRouter: beside must be a function that makes procedures, (procedure) => ({ … }), or undefined; options come third',
    );
  checkOptions('createAppRouter', options, { authorize: 1 });
  return build(manager, beside, options);
}

function build<C extends AnyCatalog, R extends TRPCRouterRecord>(
  manager: EventManager<C>,
  beside: Beside<R>,
  { authorize = authorizeSession }: AppRouterOptions,
) {
  const t = trpcOf(manager.catalog.names);
  return t.router<EventProcedures<C> & R>({
    ...eventProcedures(manager, t.procedure, { authorize }),
    ...beside(guarded(t, authorize)),
  });
}

/** The router's type: all that a client imports. */
export type AppRouter<C extends AnyCatalog = PsycheCatalog> = ReturnType<
  typeof build<C, Record<never, never>>
>;

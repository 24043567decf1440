import type { TRPCMutationProcedure, TRPCQueryProcedure, TRPCSubscriptionProcedure } from '@trpc/server';
import type { AnyCatalog } from '../../shared/catalog.ts';
import type { EventInput, EventName, EventToPublish, PublishMeta } from '../../shared/events.ts';
import type { PublishResult } from '../../shared/log.ts';
import { checkOptions } from '../../shared/options/known-options.ts';
import type {
  EraseOptions,
  EraseResult,
  HistoryOptions,
  ReplayOptions,
  SubscriptionOptions,
} from '../../shared/options/read-options.ts';
import type { HistoryPage, StreamItem } from '../../shared/stream-items.ts';
import { type Authorize, authorizeSession } from '../access/authorize.ts';
import { Checkpoint } from '../access/checkpoint.ts';
import { endWithSession } from '../access/sessions/end-with-session.ts';
import { publisherOf } from '../access/sessions/session.ts';
import type { EventManager } from '../event-manager/event-manager.ts';
import type { EventStats } from '../event-manager/stats/event-stats.ts';
import { allowanceOf } from '../limits/publish-rate.ts';
import { askerOf } from '../limits/socket-asker.ts';
import { trackedItems } from '../trpc/tracked-items.ts';
import { admittingOn, type BaseProcedure } from './admitting.ts';
import {
  askedOfBatch,
  askedOfSelection,
  batchInput,
  eraseInput,
  expectsEvents,
  historyInput,
  publishInput,
  replayInput,
} from './inputs.ts';
import { type OpenProceduresOf, openProcedures } from './open-procedures.ts';
import { publishRules } from './publish-rules.ts';
import { requireManager } from './require-manager.ts';
import { requireProcedure } from './require-procedure.ts';
import { subscribed, subscriptionsTo } from './subscribe.ts';

/** Input of `publish.<event_type>`. */
export interface PublishInput<N extends EventName<C>, C extends AnyCatalog> extends PublishMeta {
  data: EventInput<N, C>;
  /** Default `default`. */
  topic?: string | undefined;
}

/** Input of `publish.batch`. All events are stored, in order and contiguously, or none. */
export interface BatchInput<C extends AnyCatalog> {
  topic?: string | undefined;
  events: EventToPublish<C>[];
}

/** Input of `on.*`; nothing means live only, the topic `default`. */
export type SubscribeInput<N extends EventName<C>, C extends AnyCatalog> =
  | SubscriptionOptions<N, C>
  | undefined;

/** A tracked item as a tRPC client receives it: `{ id: <cursor>, data: <item> }`. */
type TrackedItem<N extends EventName<C>, C extends AnyCatalog> = { id: string; data: StreamItem<N, C> };

type On<N extends EventName<C>, C extends AnyCatalog> = TRPCSubscriptionProcedure<{
  input: SubscribeInput<N, C>;
  output: AsyncIterable<TrackedItem<N, C>, void, undefined>;
  meta: unknown;
}>;

/** `publish.*`: a mutation for each event, and one for several. */
export type PublishProcedures<C extends AnyCatalog> = {
  [N in EventName<C>]: TRPCMutationProcedure<{
    input: PublishInput<N, C>;
    output: PublishResult;
    meta: unknown;
  }>;
} & { batch: TRPCMutationProcedure<{ input: BatchInput<C>; output: PublishResult[]; meta: unknown }> };

/** `on.*`: a subscription for each event, and one for all. */
export type SubscribeProcedures<C extends AnyCatalog> = { [N in EventName<C>]: On<N, C> } & {
  any: On<EventName<C>, C>;
};

/** A catalog's query `history`: a name, which a declaration file writes instead of the whole catalog. */
export interface HistoryProcedure<C extends AnyCatalog>
  extends TRPCQueryProcedure<{
    input: HistoryOptions<EventName<C>, C> | undefined;
    output: HistoryPage<EventName<C>, C>;
    meta: unknown;
  }> {}

/** Likewise its subscription `replay`. */
export interface ReplayProcedure<C extends AnyCatalog>
  extends TRPCSubscriptionProcedure<{
    input: ReplayOptions<EventName<C>, C> | undefined;
    output: AsyncIterable<TrackedItem<EventName<C>, C>, void, undefined>;
    meta: unknown;
  }> {}

/** Likewise its mutation `erase`. */
export interface EraseProcedure<C extends AnyCatalog>
  extends TRPCMutationProcedure<{
    input: EraseOptions<EventName<C>, C>;
    output: EraseResult;
    meta: unknown;
  }> {}

/**
 * The procedures of a catalog, as a record that goes under any key of any tRPC router. Its parts have names of their own:
 * a declaration file would otherwise write the whole catalog out for each event.
 */
export type EventProcedures<C extends AnyCatalog> = OpenProceduresOf<C> & {
  publish: PublishProcedures<C>;
  on: SubscribeProcedures<C>;
  history: HistoryProcedure<C>;
  replay: ReplayProcedure<C>;
  erase: EraseProcedure<C>;
  stats: TRPCQueryProcedure<{ input: undefined; output: EventStats; meta: unknown }>;
};

/** A resolver's `ctx`: the context, with what middleware changed. */
type ResolverContext<Ctx, Overrides> = Omit<Ctx, keyof Overrides> & Overrides;

/** Options of {@link eventProcedures} besides. */
export interface EventProceduresOptions<Ctx> {
  /** Decides what each call may do. Default: what the claims of `ctx.session` allow; without a session, everything. */
  authorize?: Authorize<Ctx> | undefined;
  /**
   * Tells the id of the subject in a context of your own: who publishes, in the events' `by`, and whose events
   * `echo: false` leaves out. Undefined where nobody is authenticated. Default: the subject of `ctx.session`.
   */
  subject?: ((context: Ctx) => string | undefined) | undefined;
}

/**
 * The procedures `publish.*`, `on.*`, `history`, `replay`, `erase` and `stats` of a manager's catalog, and those of its open
 * events, built on your own procedure, so that your context, middleware, transformer and error formatter apply.
 *
 * @example
 * t.router({ events: eventProcedures(manager, t.procedure.use(requireUser)), users: usersRouter })
 *
 * @throws EventsError INVALID_OPTION where another copy of `@trpc/server` made the procedure: its adapters would send
 *   events without their positions
 * @throws TypeError where an option is none: a slip in `authorize` would let everybody in
 */
export function eventProcedures<C extends AnyCatalog, Ctx, Meta, Overrides>(
  manager: EventManager<C>,
  base: BaseProcedure<Ctx, Meta, Overrides>,
  options: EventProceduresOptions<ResolverContext<Ctx, Overrides>> = {},
): EventProcedures<C> {
  requireManager('eventProcedures', manager);
  requireProcedure('eventProcedures', base);
  checkOptions<EventProceduresOptions<never>>('eventProcedures', options, { authorize: 1, subject: 1 });
  const { authorize = authorizeSession, subject = publisherOf } = options;
  const { procedure, admitting } = admittingOn(base);
  const { catalog } = manager;
  // tRPC types a resolver's context as the same thing, in a form that TypeScript cannot compare for any Ctx.
  const checkpoint = new Checkpoint<unknown>(catalog, authorize as Authorize<unknown>, manager.logger);
  const subjectOf = subject as (context: unknown) => string | undefined;
  // Event types are checked by the catalog at run time and by EventProcedures<C> at compile time; in between they
  // are plain names.
  const untyped = manager as unknown as EventManager<AnyCatalog>;

  const publish = (name: string) =>
    admitting(publishRules(checkpoint, catalog, name, publishInput)).mutation(({ ctx, input: { input } }) => {
      const { data, ...options } = input;
      return untyped.publish(name, data, { ...options, by: subjectOf(ctx) });
    });

  const batch = admitting({
    asked: askedOfBatch,
    authorize: async (ctx, { topic, events }) => {
      await checkpoint.publish(ctx, topic, [...new Set(events.map(({ event_type }) => event_type))]);
      await allowanceOf(ctx)?.take(events.length);
    },
    expects: ({ events }) => expectsEvents(catalog, events),
    input: batchInput,
  }).mutation(({ ctx, input: { input } }) =>
    untyped.publishBatch(input.events, { topic: input.topic, by: subjectOf(ctx) }),
  );

  const on = (names: readonly string[], named: readonly string[] | undefined) => {
    const subscribe = subscriptionsTo(untyped, { checkpoint, subjectOf }, names, named);
    return procedure
      .use(async ({ ctx, getRawInput, signal, next }) => {
        const subscription = await subscribe(ctx, await getRawInput(), signal);
        return next({ getRawInput: async () => subscription });
      })
      .input(subscribed)
      .subscription(({ input }) => input);
  };

  const history = admitting({
    asked: askedOfSelection(catalog.names),
    authorize: (ctx, asked) => checkpoint.see(ctx, 'history', asked),
    input: historyInput(catalog.names),
  }).query(({ ctx, input: { input = {}, grant } }) =>
    untyped.history({
      ...input,
      ...checkpoint.narrow(grant, input.filter),
      subject: subjectOf(ctx),
      asker: askerOf(ctx),
    }),
  );

  const replay = admitting({
    asked: askedOfSelection(catalog.names),
    authorize: (ctx, asked) => checkpoint.see(ctx, 'history', asked),
    input: replayInput(catalog.names),
  }).subscription(({ ctx, input: { input = {}, grant }, signal }) => {
    const { since, lastEventId, ...asked } = input;
    const options = { ...asked, ...checkpoint.narrow(grant, asked.filter), subject: subjectOf(ctx) };
    return endWithSession(ctx, signal, (ends) =>
      trackedItems(() =>
        untyped.replay({ ...options, since: lastEventId ?? since, signal: ends, asker: askerOf(ctx) }),
      ),
    );
  });

  const erase = admitting({
    asked: askedOfSelection(catalog.names),
    authorize: (ctx, asked) => checkpoint.erase(ctx, asked),
    input: eraseInput(catalog.names),
  }).mutation(({ ctx, input: { input } }) => untyped.erase({ ...input, asker: askerOf(ctx) }));

  const procedures = {
    ...openProcedures<AnyCatalog, Ctx, Meta, Overrides>(untyped, { checkpoint, subjectOf }, admitting),
    publish: { ...Object.fromEntries(catalog.names.map((name) => [name, publish(name)])), batch },
    on: {
      ...Object.fromEntries(catalog.names.map((name) => [name, on([name], [name])])),
      any: on(catalog.names, undefined),
    },
    history,
    replay,
    erase,
    stats: procedure.query(async ({ ctx }) => {
      await checkpoint.stats(ctx);
      return manager.stats();
    }),
  };
  return procedures as unknown as EventProcedures<C>;
}

import type { AnyCatalog } from '../../shared/catalog.ts';
import type { EventName, EventOf, OfOtherKinds } from '../../shared/events.ts';
import type { SubscriptionOptions } from '../../shared/options/read-options.ts';
import { requireDelay } from '../../shared/timing.ts';
import type { EventsClient } from '../client-types.ts';
import { toError } from '../failures/errors.ts';
import { isolated, safeReport } from '../failures/report.ts';
import { type QueryClientLike, type QueryKey, StaleQueries } from './stale-queries.ts';

/** Returns the key of the queries that an event makes stale, and of all whose keys begin with it; undefined: of none. */
export type StaleKey<N extends EventName<C>, C extends AnyCatalog> = (
  event: EventOf<N, C>,
  meta: { cursor: string; topic: string },
) => QueryKey | undefined;

/**
 * Event name → the key of what it makes stale, or several. Ephemeral events are none of them: who is away does not get them,
 * and is told of no gap.
 */
export type StaleKeys<C extends AnyCatalog> = {
  readonly [N in OfOtherKinds<C, 'ephemeral'>[EventName<C>]]?: StaleKey<N, C> | readonly StaleKey<N, C>[];
};

/** Options of {@link invalidateOn}. */
export interface InvalidateOptions<C extends AnyCatalog>
  extends Pick<SubscriptionOptions<EventName<C>, C>, 'topic' | 'topics' | 'echo'> {
  /**
   * Keys under which all queries are that the events may touch: these a gap makes stale. Default `[[]]`, all queries: which events
   * a gap has is not known, nor are their keys.
   */
  within?: readonly QueryKey[] | undefined;
  /**
   * The start: a cursor, or a time at which no query had been answered. Default: events from now on; then everything `within` is
   * made stale once, when the subscription has begun, since what was answered before may miss an event.
   */
  since?: SubscriptionOptions<EventName<C>, C>['since'];
  /** Ms for which events are gathered: at most one call of `invalidateQueries` in so long. Default 50. */
  waitMs?: number | undefined;
  /**
   * Takes what keeps queries from being made stale: a refused subscription, and what a key's function or the query client throws.
   * Default: `reportError` in browsers, `console.error` elsewhere.
   */
  onError?: ((error: Error) => void) | undefined;
}

/**
 * Makes queries of TanStack Query stale by events, through reconnects: no event is lost, and none is silently missed, since a gap
 * makes everything stale that it may have touched. Stale queries that are shown are fetched again, the others when they are next
 * shown.
 *
 * @example
 * const stop = invalidateOn(client, queryClient, {
 *   order_status: ({ data }) => ['order', data.order_id],
 *   order_placed: [() => ['orders'], ({ data }) => ['customer', data.customer_id]],
 * }, { within: [['order'], ['orders'], ['customer']] });
 *
 * @returns stops; what waits is dropped
 * @throws TypeError when no event is named, or `waitMs` cannot be measured
 */
export function invalidateOn<C extends AnyCatalog>(
  client: EventsClient<C>,
  queryClient: QueryClientLike,
  keys: StaleKeys<C>,
  { within = [[]], waitMs = 50, onError, ...input }: InvalidateOptions<C> = {},
): () => void {
  const types = Object.keys(keys) as EventName<C>[]; // the type of `keys` has no others
  if (types.length === 0) throw new TypeError('invalidateOn: name the events that make queries stale.');
  requireDelay('invalidateOn: waitMs', waitMs);
  const report = safeReport(onError);
  const stale = new StaleQueries(queryClient, within, waitMs, report);
  let hasBegun = input.since !== undefined;

  const subscription = client.on(
    'any',
    (event, meta) =>
      isolated(() => {
        // An entry's function takes events of its name, which this one has.
        const found = keys[event.event_type as keyof StaleKeys<C>] as
          | StaleKey<EventName<C>, C>
          | readonly StaleKey<EventName<C>, C>[];
        try {
          for (const keyOf of [found].flat()) {
            const key = keyOf(event, meta);
            if (key) stale.add(key);
          }
        } catch (cause) {
          stale.addEverything(); // what it has touched is not known
          throw toError(cause);
        }
      }, report),
    {
      ...input,
      types,
      onGap: () => stale.addEverything(),
      onSynced() {
        if (!hasBegun) stale.addEverything();
        hasBegun = true;
      },
      onError(error, willRetry) {
        if (!willRetry) report(error);
      },
    },
  );
  return () => {
    subscription.unsubscribe();
    stale.stop();
  };
}

import type { AnyCatalog } from '../../shared/catalog.ts';
import type { EventName } from '../../shared/events.ts';
import type { LatestBy } from '../../shared/filter/latest-by.ts';
import type { AnyFilter, EventFilter } from '../../shared/filter/types.ts';
import type { Since } from '../../shared/since.ts';
import { transformer } from '../../shared/wire/transformer.ts';
import { EncodedInput } from '../connection/encoded-input.ts';

/** A choice of events that the server makes: equal choices share one subscription. */
export interface FeedInput<N extends EventName<C>, C extends AnyCatalog> {
  /** Default `default`. */
  topic?: string | undefined;
  /** Instead of `topic`: several, by name or by a pattern such as `run-*`. Each event then has a `topic`. */
  topics?: readonly string[] | undefined;
  /** The start: after a cursor, with the last n, or at a time. Default: events published from now on. */
  since?: Since | undefined;
  /** Default: all of the catalog's. */
  types?: readonly N[] | undefined;
  /** Conditions on the data that events must meet; applied by the server. Default: none. */
  filter?: EventFilter<N, C> | undefined;
  /** Ms: of a topic at most one delivery in so long, of the latest event of each type; the others become gaps. Default: all. */
  every?: number | undefined;
  /** With `every`: the latest of each type and value of this field of the data. */
  latestBy?: LatestBy<N, C> | undefined;
}

interface AnyInput {
  topic?: string | undefined;
  topics?: readonly string[] | undefined;
  since?: Since | undefined;
  types?: readonly string[] | undefined;
  filter?: AnyFilter | undefined;
  every?: number | undefined;
  latestBy?: string | undefined;
}

/**
 * An input as text: equal for equal inputs, in whatever order and however often `topics` and `types` name them.
 * @throws EventsError INVALID_OPTION when the input cannot be sent
 */
export function feedKey({ topic, topics, since, types, filter, every, latestBy }: AnyInput): string {
  const input = { topic, topics: unordered(topics), since, types: unordered(types), filter, every, latestBy };
  return JSON.stringify(new EncodedInput('INVALID_OPTION', 'on.any', input).wire);
}

/** The input of a key. */
export function feedInput<C extends AnyCatalog>(key: string): FeedInput<EventName<C>, C> {
  return transformer.parse(key) as FeedInput<EventName<C>, C>;
}

function unordered(names: readonly string[] | undefined): string[] | undefined {
  return names && [...new Set(names)].sort();
}

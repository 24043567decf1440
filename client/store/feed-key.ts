import type { AnyCatalog } from '../../shared/catalog.ts';
import type { EventName } from '../../shared/events.ts';
import type { AnyFilter, EventFilter } from '../../shared/filter/types.ts';
import type { Since } from '../../shared/since.ts';
import { transformer } from '../../shared/transformer.ts';

/** What the server is asked for: those who ask for the same share one subscription. */
export interface FeedInput<N extends EventName<C>, C extends AnyCatalog> {
  /** Default `default`. */
  topic?: string | undefined;
  /** Where to start: after a cursor, with the last n, or at a time. Default: with what is published from now on. */
  since?: Since | undefined;
  /** Default: all of the catalog's. */
  types?: readonly N[] | undefined;
  /** Conditions on the data that events must meet; applied by the server. Default: none. */
  filter?: EventFilter<N, C> | undefined;
}

interface AnyInput {
  topic?: string | undefined;
  since?: Since | undefined;
  types?: readonly string[] | undefined;
  filter?: AnyFilter | undefined;
}

/** An input as text: equal for equal inputs, in whatever order and however often `types` names them. */
export function feedKey({ topic, since, types, filter }: AnyInput): string {
  return transformer.stringify({ topic, since, types: types && [...new Set(types)].sort(), filter });
}

/** The input of a key. */
export function feedInput<C extends AnyCatalog>(key: string): FeedInput<EventName<C>, C> {
  return transformer.parse(key);
}

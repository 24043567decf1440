import type { Since } from '../../shared/since.ts';

/** What the server is asked for: those who ask for the same share one subscription. */
export interface FeedInput<N extends string = string> {
  /** Default `default`. */
  topic?: string | undefined;
  /** Where to start: after a cursor, with the last n, or at a time. Default: with what is published from now on. */
  since?: Since | undefined;
  /** Default: all of the catalog's. */
  types?: readonly N[] | undefined;
}

/** An input as text: equal for equal inputs, in whatever order and however often `types` names them. */
export function feedKey({ topic, since, types }: FeedInput): string {
  return JSON.stringify({ topic, since, types: types && [...new Set(types)].sort() });
}

/** The input of a key. */
export function feedInput(key: string): FeedInput {
  return JSON.parse(key);
}

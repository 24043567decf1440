import { splitPath } from '../wire/format.ts';

/** Characters of a path. */
const MAX_PATH = 200;

/**
 * The keys of a path such as `sentiment.score`. A dot within a key is written `\.`, and a backslash `\\`, as in
 * superjson's paths: `metadata.model\.name`. Null where a backslash stands before anything else, or the path is longer
 * than 200 characters.
 */
export function keysOf(path: string): readonly string[] | null {
  if (path.length > MAX_PATH) return null;
  return splitPath(path, false) ?? null;
}

/** A key as part of a path. */
export type AsSegment<K extends string> = EscapeDots<EscapeBackslashes<K>>;

type EscapeBackslashes<K extends string> = K extends `${infer Before}\\${infer After}`
  ? `${Before}\\\\${EscapeBackslashes<After>}`
  : K;
type EscapeDots<K extends string> = K extends `${infer Before}.${infer After}`
  ? `${Before}\\.${EscapeDots<After>}`
  : K;

/** The first key of a path, as it is written there, and the path after it. */
export type Cut<P extends string, Before extends string = ''> = P extends `${infer Head}.${infer Rest}`
  ? EndsEscaping<Head> extends true
    ? Cut<Rest, `${Before}${Head}.`>
    : [`${Before}${Head}`, Rest]
  : [`${Before}${P}`, null];

/** True if a text ends with a backslash that is not itself escaped. */
type EndsEscaping<T extends string> = T extends `${infer Before}\\`
  ? EndsEscaping<Before> extends true
    ? false
    : true
  : false;

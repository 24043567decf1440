import { AnnotationReader, invalid, type Mark } from './annotations.ts';
import type { Encoded } from './format.ts';
import { anything, type Expects, type WireLimits } from './limits.ts';
import { revive, WrongShape } from './revive.ts';
import { isRecord } from './shapes.ts';

/** Options of {@link decode}. */
export interface DecodeOptions {
  readonly limits: WireLimits;
  /** Types that may be annotated, by path. Default: any. */
  readonly expects?: Expects | undefined;
}

/**
 * The value that JSON and annotations in superjson's format stand for. The JSON must be the caller's own, as JSON.parse
 * made it: it is not changed, and what is plain of it is part of the result. It costs no more than the text cost that
 * it was parsed from, whatever the annotations say. superjson's equalities, which say that an object is elsewhere, are
 * not followed: an input whose value is missing in its place is refused.
 * @throws EventsError with the path of what is not as it should be, or of the limit that is exceeded
 */
export function decode(encoded: Encoded, options: DecodeOptions): unknown {
  return decodeWith(encoded, options, refuseEmptyPlaces);
}

/**
 * Decodes data that was accepted once. Equalities are ignored: logs of earlier versions hold them, and they say nothing
 * that the JSON does not. A function of its own, so that a page carries no check of them.
 */
export function decodeAccepted(encoded: Encoded, limits: WireLimits): unknown {
  return decodeWith(encoded, { limits }, () => {});
}

function decodeWith(
  { json, meta }: Encoded,
  { limits, expects = anything }: DecodeOptions,
  check: (reader: AnnotationReader, equalities: unknown) => void,
): unknown {
  new Measure(limits, expects).take(json, 0);
  if (meta === undefined || meta === null) return json;
  if (!isRecord(meta)) throw invalid(expects([]).code, [], 'meta must be an object');
  const { values, referentialEqualities, v } = meta;
  const reader = new AnnotationReader(json, v, limits, expects);
  if (referentialEqualities !== undefined) check(reader, referentialEqualities);
  return values === undefined ? json : build(json, reader.values(values), [], expects);
}

/** Counts what there is in a JSON value. */
class Measure {
  readonly #limits: WireLimits;
  readonly #expects: Expects;
  #nodes = 0;

  constructor(limits: WireLimits, expects: Expects) {
    this.#limits = limits;
    this.#expects = expects;
  }

  take(json: unknown, depth: number): void {
    const isList = Array.isArray(json);
    if (!isList && !isRecord(json)) return;
    const { maxDepth, maxNodes } = this.#limits;
    if (depth >= maxDepth) throw this.#tooMuch(`is nested more than ${maxDepth} levels deep`);
    const inside: unknown[] = isList ? json : Object.values(json);
    this.#nodes += isList ? inside.length : 2 * inside.length;
    if (this.#nodes > maxNodes)
      throw this.#tooMuch(`has more than ${maxNodes} values (a field counts twice)`);
    for (const value of inside) if (typeof value === 'object') this.take(value, depth + 1);
  }

  #tooMuch(message: string) {
    return invalid(this.#expects([]).code, [], message);
  }
}

/** Makes what is marked, from the inside out; copies are of what holds something marked, and of nothing else. */
function build(json: unknown, { type, inner }: Mark, path: (string | number)[], expects: Expects): unknown {
  let made = json;
  if (inner) {
    if (Array.isArray(json)) {
      const items = [...json];
      for (const [key, mark] of inner) buildAt(items, Number(key), mark, path, expects);
      made = items;
    } else if (isRecord(json)) {
      const fields = { ...json };
      for (const [key, mark] of inner) buildAt(fields, key, mark, path, expects);
      made = fields;
    }
  }
  if (type === undefined) return made;
  try {
    return revive(made, type);
  } catch (error) {
    if (error instanceof WrongShape) throw invalid(expects(path.map(String)).code, path, error.message);
    throw error;
  }
}

function buildAt<K extends string | number>(
  holder: Record<K, unknown>,
  key: K,
  mark: Mark,
  path: (string | number)[],
  expects: Expects,
): void {
  path.push(key);
  // Never __proto__: what is annotated has no such name in its path.
  holder[key] = build(holder[key], mark, path, expects);
  path.pop();
}

/**
 * Looks whether each place of an object that occurs several times holds it. Its places are not made one again: what
 * is shared could make a small input a large one, and stock clients write the value at each place.
 * @throws EventsError where a place is empty: it was left out, or the object contains itself
 */
function refuseEmptyPlaces(reader: AnnotationReader, equalities: unknown): void {
  const [roots, others] = Array.isArray(equalities) ? equalities : [[], equalities];
  refuseEmpty(reader, [], roots);
  if (others === undefined) return;
  if (!isRecord(others)) throw noPaths(reader);
  for (const [path, places] of Object.entries(others)) refuseEmpty(reader, reader.split(path), places);
}

function refuseEmpty(reader: AnnotationReader, keys: readonly string[], places: unknown): void {
  if (!Array.isArray(places)) throw noPaths(reader);
  const isNull = reader.at(keys) === null;
  for (const place of places) {
    if (typeof place !== 'string') throw noPaths(reader);
    const path = reader.split(place);
    if (reader.at(path) !== null || isNull) continue;
    throw reader.invalid(
      'refers to an object elsewhere: send the value at each place (no `dedupe`), without cycles',
      path,
    );
  }
}

function noPaths(reader: AnnotationReader) {
  return reader.invalid('meta.referentialEqualities must be lists of paths');
}

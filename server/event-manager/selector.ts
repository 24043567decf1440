import { type AnyCatalog, unknownEvent } from '../../shared/catalog.ts';
import { compileFilter } from '../../shared/filter/compile.ts';
import { compileLatestBy } from '../../shared/filter/latest-by.ts';
import type { AnyFilter } from '../../shared/filter/types.ts';
import type { KeyOf } from './conflation.ts';
import { decode, isNoticeType, type StreamRecord } from './stream-record.ts';

/** Which records of a topic a subscriber wants. */
export interface Selector {
  /** Equal keys select equal records. */
  readonly key: string;
  /** Whether an event of the type can match. */
  wants(type: string): boolean;
  /** The same test live, on replay and in history [D8]. Notices always match. */
  matches(record: StreamRecord): boolean;
}

/** Which events are wanted. */
export interface Selection {
  /** Default: all of the catalog's. */
  types?: readonly string[] | undefined;
  /** Default: whatever the data. */
  filter?: AnyFilter | undefined;
}

/**
 * Selects by event type and data.
 * @throws EventsError UNKNOWN_EVENT, INVALID_FILTER
 */
export function select(catalog: AnyCatalog, { types = catalog.names, filter }: Selection): Selector {
  for (const type of types) if (!catalog.has(type)) throw unknownEvent(type, catalog.names);
  const wanted = new Set(types);
  const key = [...wanted].sort().join(',');
  if (filter === undefined) {
    const wants = (type: string) => wanted.has(type);
    return { key, wants, matches: ({ type }) => wanted.has(type) || isNoticeType(type) };
  }
  const compiled = compileFilter(catalog, [...wanted], filter);
  return {
    key: `${key} ${compiled.key}`,
    wants: (type) => wanted.has(type),
    matches: (record) =>
      isNoticeType(record.type) || (wanted.has(record.type) && compiled.matches(decode(record).data)),
  };
}

/**
 * What events are the latest of where only the latest are delivered: of their type, and of the value of a field if one
 * is named.
 * @throws EventsError INVALID_FILTER
 */
export function latestOf(
  catalog: AnyCatalog,
  types: readonly string[] = catalog.names,
  latestBy: string | undefined,
): KeyOf {
  if (latestBy === undefined) return ({ type }) => type;
  const nameOf = compileLatestBy(catalog, types, latestBy);
  return (record) => nameOf(record.type, decode(record).data);
}

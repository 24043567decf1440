import { type AnyCatalog, unknownEvent } from '../../../shared/catalog.ts';
import { compileFilter } from '../../../shared/filter/compile.ts';
import { compileLatestBy } from '../../../shared/filter/latest-by.ts';
import type { EventSelection } from '../../../shared/read-options.ts';
import { matchesOne } from '../../../shared/topic.ts';
import type { KeyOf } from './conflation.ts';
import { decodeRecord, isNoticeType, type StreamRecord } from './stream-record.ts';

/** The records of a topic that a subscriber wants. */
export interface Selector {
  /** Equal keys select equal records. */
  readonly key: string;
  /** Tells if an event of the type can match. */
  wants(type: string): boolean;
  /** Tests a record alike live, on replay and in history [D8]. Notices match, but for gaps of a record of an unwanted type. */
  matches(record: StreamRecord): boolean;
}

/** A choice of a topic's events. */
export interface Selection extends Pick<EventSelection<string, AnyCatalog>, 'types' | 'filter'> {
  /**
   * Patterns of types that are wanted although the catalog lacks them: another process has a newer one. Such a record
   * is a gap, since nothing can be said of its data. Default: all where `types` names none, else none.
   */
  unknownTypes?: readonly string[] | undefined;
}

/**
 * Selects by event type and data.
 * @throws EventsError UNKNOWN_EVENT, INVALID_FILTER
 */
export function select(catalog: AnyCatalog, { types, unknownTypes, filter }: Selection): Selector {
  const names = types ?? catalog.names;
  for (const type of names) if (!catalog.has(type)) throw unknownEvent(type, catalog.names);
  const wanted = new Set(names);
  const others = unknownTypes ?? (types === undefined ? ['*'] : []);
  const wants = (type: string) => wanted.has(type) || (!catalog.has(type) && matchesOne(others, type));
  const wantsNotice = ({ of }: StreamRecord) => of === undefined || wants(of);
  const key = [...wanted, ...others.map((pattern) => `?${pattern}`)].sort().join(',');
  if (filter === undefined) {
    const matches = (record: StreamRecord) =>
      isNoticeType(record.type) ? wantsNotice(record) : wanted.has(record.type);
    return { key, wants, matches };
  }
  const compiled = compileFilter(catalog, [...wanted], filter);
  return {
    key: `${key} ${compiled.key}`,
    wants,
    matches: (record) =>
      isNoticeType(record.type)
        ? wantsNotice(record)
        : wanted.has(record.type) && compiled.matches(decodeRecord(record)),
  };
}

/**
 * Conflation key, by which only the latest events are delivered: their type, and the value of a field if one
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
  return (record) => nameOf(record.type, decodeRecord(record).data);
}

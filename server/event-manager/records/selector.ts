import { type AnyCatalog, unknownEvent } from '../../../shared/catalog.ts';
import { EventsError } from '../../../shared/errors.ts';
import { type CompiledFilter, compileFilter } from '../../../shared/filter/compile.ts';
import { compileLatestBy } from '../../../shared/filter/latest-by.ts';
import type { AnyFilter } from '../../../shared/filter/types.ts';
import type { EventSelection } from '../../../shared/options/read-options.ts';
import { matchesOne } from '../../../shared/topic.ts';
import { mayHave } from '../../broker/retention/cuts.ts';
import type { KeyOf } from './conflation.ts';
import { storedNames } from './open-state.ts';
import { decodeRecord, isNoticeType, openPartOf, type Reader, type StreamRecord } from './stream-record.ts';

/** The records of a topic that a subscriber wants. */
export interface Selector extends Reader {
  /** Equal keys select equal records. */
  readonly key: string;
}

/** A choice of a topic's events. */
export interface Selection extends Pick<EventSelection<string, AnyCatalog>, 'types' | 'filter' | 'echo'> {
  /**
   * Patterns of types that are wanted although the catalog lacks them: another process has a newer one. Such a record
   * is a gap, since nothing can be said of its data. Default: all where `types` names none, else none.
   */
  unknownTypes?: readonly string[] | undefined;
  /**
   * Conditions that the events must meet beside those of `filter`, which somebody else has chosen: each has limits of its
   * own, and a fault in one is told at its own paths. Default: none.
   */
  enforced?: AnyFilter | undefined;
  /** The subject that asks, whose own events `echo: false` leaves out. Default: nobody is authenticated. */
  subject?: string | undefined;
  /** See SubscriptionOptions.members. Default: the number of them, where there are many. */
  members?: 'all' | undefined;
}

/** The part of a selection that is decided for whoever asks, and not by it. */
export type AskerPart = Pick<Selection, 'unknownTypes' | 'enforced' | 'subject'>;

/**
 * Selects by event type, data and publisher.
 * @throws EventsError UNKNOWN_EVENT, INVALID_FILTER, INVALID_OPTION
 */
export function select(catalog: AnyCatalog, selection: Selection): Selector {
  const { types, unknownTypes, filter, enforced } = selection;
  const names = types ?? catalog.names;
  for (const type of names) if (!catalog.has(type)) throw unknownEvent(type, catalog.names);
  const wanted = new Set(names);
  const others = unknownTypes ?? (types === undefined ? ['*'] : []);
  const wants = (type: string) => wanted.has(type) || (!catalog.has(type) && matchesOne(others, type));
  const wantsNotice = ({ of }: StreamRecord) =>
    of === undefined ||
    names.some((type) => mayHave(of, type)) ||
    ('only' in of ? of.only.some(wants) : others.length > 0);
  const allMembers = selection.members === 'all';
  const everyone = allMembers ? [' members'] : [];
  const key = [...wanted, ...others.map((pattern) => `?${pattern}`), ...everyone].sort().join(',');
  const conditions = [
    ...[filter, enforced].flatMap((each) =>
      each === undefined ? [] : [compileFilter(catalog, [...wanted], each)],
    ),
    ...withoutEcho(selection),
  ];
  if (conditions.length === 0) {
    const matches = (record: StreamRecord) =>
      isNoticeType(record.type) ? wantsNotice(record) : wanted.has(record.type);
    return { key, wants, matches, narrows: false, allMembers };
  }
  return {
    key: [key, ...conditions.map((condition) => condition.key)].join(' '),
    wants,
    narrows: true,
    allMembers,
    matches(record) {
      if (isNoticeType(record.type)) return wantsNotice(record);
      if (!wanted.has(record.type)) return false;
      const event = decodeRecord(record);
      return conditions.every((condition) => condition.matches(event));
    },
  };
}

/** Selects what a log holds now: erased records are told in their places, so the notices of it are not needed. */
export function ofThePast(selector: Selector): Selector {
  return { ...selector, matches: (record) => !record.erases && selector.matches(record) };
}

/**
 * The condition of `echo: false`; none where it is not asked for. It is no part of the filter: there a catalog whose data
 * has a field named `by` could not be asked, and a fault in the caller's filter would be told at another path than its own.
 */
function withoutEcho({ echo, subject }: Selection): CompiledFilter[] {
  if (echo !== false) return [];
  if (subject !== undefined)
    return [{ key: `by≠${JSON.stringify(subject)}`, matches: ({ by }) => by !== subject }];
  const message =
    'leaves out what you published yourself, and nobody is authenticated here: sign in, or filter by who published, { by: { ne: … } }';
  throw new EventsError('INVALID_OPTION', `echo: false ${message}`, {
    issues: [{ path: ['echo'], message: `false ${message}` }],
  });
}

/**
 * Conflation key, by which only the latest events are delivered: their type, and the value of a field if one
 * is named. Of each open event the latest is kept, so that no settlement stands in for another's.
 * @throws EventsError INVALID_FILTER
 */
export function latestOf(
  catalog: AnyCatalog,
  types: readonly string[] = catalog.names,
  latestBy: string | undefined,
): KeyOf {
  const keyOf = latestByType(catalog, types, latestBy);
  const stored = new Set(storedNames(catalog.opens));
  if (stored.size === 0) return keyOf;
  return (record) => {
    const id = stored.has(record.type) ? openPartOf(record)?.id : undefined;
    return id === undefined ? keyOf(record) : JSON.stringify([record.type, id]);
  };
}

function latestByType(catalog: AnyCatalog, types: readonly string[], latestBy: string | undefined): KeyOf {
  if (latestBy === undefined) return ({ type }) => type;
  const nameOf = compileLatestBy(catalog, types, latestBy);
  return (record) => nameOf(record.type, decodeRecord(record).data);
}

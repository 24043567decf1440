import type { EventsSnapshot } from '../../client/react/index.ts';
import type { SimulationCatalog } from '../../simulation/index.ts';
import type { Gap, PageEvent, PageEventName } from '../events.ts';
import { isDrawn } from './drawn.ts';
import { isUpTo } from './place.ts';

/** An event with its place on this page. */
export interface Entry<N extends PageEventName = PageEventName> {
  /**
   * Its number in the page's log, which it keeps: higher than those of all events that came before it, also of those that left,
   * and lower for events that were loaded later from before. So some numbers are missing.
   */
  readonly row: number;
  /** Its place on the timeline, ms: silences count as {@link LONGEST_SILENCE_MS} at most, and it never goes back. */
  readonly clock: number;
  /** Its timestamp, Unix ms. */
  readonly at: number;
  /** When it reached this page, by the page's clock, Unix ms. */
  readonly arrivedAt: number;
  readonly event: PageEvent<N>;
}

/** Events that will not come. */
export interface GapMark {
  /** The row it comes after: one that is there, or, before all of them, one less than the first. */
  readonly row: number;
  readonly gap: Gap;
}

/** All that the page knows, oldest first. Every panel shows a part of it, up to a moment. */
export interface Log
  extends Omit<EventsSnapshot<PageEventName, SimulationCatalog>, 'events' | 'gap' | 'gaps'> {
  readonly entries: readonly Entry[];
  readonly byType: { readonly [N in PageEventName]: readonly Entry<N>[] };
  readonly gaps: readonly GapMark[];
}

/** A pause of the conversation is no longer than this on the timeline, so that a night of silence does not fill it. */
export const LONGEST_SILENCE_MS = 8_000;

/** Events that the timeline counts and steps along: messages, or, where nobody speaks, every event. */
export function stepsOf({ entries, byType }: Pick<Log, 'entries' | 'byType'>): readonly Entry[] {
  return byType.agent_message.length > 0 ? byType.agent_message : entries;
}

type Snapshot = EventsSnapshot<PageEventName, SimulationCatalog>;

/**
 * Makes the log from snapshots of a stream, each from the one before: only what is new is worked on, and the same snapshot
 * is the same log, so that a page to which nothing happens draws nothing.
 */
export function createLogReader(): (snapshot: Snapshot) => Log {
  let known: readonly Entry[] = [];
  /** The row of the next event. */
  let next = 0;
  let byType = emptyByType();
  const gapRows = new WeakMap<Gap, number>();
  let last: { snapshot: Snapshot; log: Log } | undefined;

  return (snapshot) => {
    if (last?.snapshot === snapshot) return last.log;
    const { events: told, gap: _, gaps, ...about } = snapshot;
    const events = told.filter(isOfLog);
    const present = asTheyAre(known, events);
    if (present !== known) {
      const changed = known.filter((entry, index) => entry !== present[index]);
      known = present;
      byType = { ...byType, ...listsOf(new Set(changed.map(({ event }) => event.event_type)), known) };
    }
    const left = withoutGone(known, events);
    if (left !== known) {
      known = left;
      byType = sort(known, [], byType);
    }
    const entries = extend(known, events, next);
    if (entries !== known) {
      byType = sort(entries, known, byType);
      known = entries;
      next = Math.max(next, (entries.at(-1)?.row ?? -1) + 1);
    }
    const log = { ...about, entries, byType, gaps: placeGaps(gaps, entries, next, gapRows) };
    last = { snapshot, log };
    return log;
  };
}

/** A presence has no place in the log. */
function isOfLog({ open }: PageEvent): boolean {
  return open?.kind !== 'presence';
}

/** The known entries, those of open events with the event as it is now; the same if nothing has changed. */
function asTheyAre(known: readonly Entry[], events: readonly PageEvent[]): readonly Entry[] {
  const now = new Map(events.flatMap((event) => (event.open ? [[event.open.id, event]] : [])));
  const isOld = ({ event }: Entry): boolean =>
    event.open !== undefined && (now.get(event.open.id) ?? event) !== event;
  if (now.size === 0 || !known.some(isOld)) return known;
  return known.map((entry) => {
    const event = entry.event.open && now.get(entry.event.open.id);
    return event && event !== entry.event ? { ...entry, event } : entry;
  });
}

/**
 * The known entries without those that left from among the others: erased ones, and the oldest where one that is no record
 * stands before them, which stays when a full log lets go of records. The same if there are none.
 */
function withoutGone(known: readonly Entry[], events: readonly PageEvent[]): readonly Entry[] {
  const [oldest] = known;
  const newest = known.at(-1);
  if (!oldest || !newest) return known;
  const start = events.indexOf(oldest.event);
  const dropped = start < 0 ? known.findIndex(({ event }) => event === events[0]) : 0;
  const end = known.length - 1 - dropped + Math.max(0, start);
  if (dropped >= 0 && events[end] === newest.event) return known;
  const held = new Set(events);
  return known.filter(({ event }) => held.has(event));
}

/** The entries of `events`, all of the known ones but some of the oldest among them; those stay the same objects. */
function extend(known: readonly Entry[], events: readonly PageEvent[], next: number): readonly Entry[] {
  const [oldest] = known;
  if (!oldest) return appended([], events, next);
  const start = events.indexOf(oldest.event);
  if (start > 0) {
    const older = preceding(oldest, events.slice(0, start));
    return appended([...older, ...known], events.slice(start + known.length), next);
  }
  const dropped = start < 0 ? known.findIndex(({ event }) => event === events[0]) : 0;
  const fresh = events.slice(known.length - dropped);
  return dropped === 0 && fresh.length === 0 ? known : appended(known.slice(dropped), fresh, next);
}

function appended(known: readonly Entry[], events: readonly PageEvent[], next: number): Entry[] {
  const entries = [...known];
  const arrivedAt = Date.now();
  let last = entries.at(-1);
  for (const [index, event] of events.entries()) {
    const at = timeOf(event, events[index + 1]);
    last = {
      row: next + index,
      clock: last ? last.clock + silence(last.at, at) : 0,
      at,
      arrivedAt,
      event,
    };
    entries.push(last);
  }
  return entries;
}

function preceding(next: Entry, events: readonly PageEvent[]): Entry[] {
  const entries: Entry[] = [];
  const arrivedAt = Date.now();
  let first = next;
  const reversed = events.toReversed();
  for (const [index, event] of reversed.entries()) {
    const at = timeOf(event, reversed[index - 1] ?? next.event);
    first = { row: first.row - 1, clock: first.clock - silence(at, first.at), at, arrivedAt, event };
    entries.push(first);
  }
  return entries.reverse();
}

/**
 * The time of an event in its place, Unix ms. One that was settled has the time of that, and may be in the place of its beginning,
 * which was before the event that follows.
 */
function timeOf({ timestamp, open }: PageEvent, next: PageEvent | undefined): number {
  const at = Date.parse(timestamp);
  const isSettled = open !== undefined && open.state !== 'open';
  return isSettled && next ? Math.min(at, Date.parse(next.timestamp)) : at;
}

/** Publishers' clocks differ, and may be wrong by years. */
function silence(from: number, to: number): number {
  return Math.min(Math.max(to - from, 0), LONGEST_SILENCE_MS);
}

type Mutable = Record<PageEventName, Entry[]>;

function emptyByType(): Log['byType'] {
  return {
    agent_message: [],
    network_update: [],
    system_status: [],
    agent_processing: [],
    simulation_state: [],
    agent_question: [],
    viewer: [],
  };
}

/** The lists of some types: a piece of an answer that grows changes one of them, several times a second. */
function listsOf(types: ReadonlySet<PageEventName>, entries: readonly Entry[]): Partial<Log['byType']> {
  const lists = [...types].map((type) => [type, entries.filter(({ event }) => isDrawn(event, type))]);
  return Object.fromEntries(lists);
}

function sort(entries: readonly Entry[], before: readonly Entry[], byType: Log['byType']): Log['byType'] {
  const first = entries[0]?.row ?? 0;
  const last = before.at(-1)?.row;
  const appendsOnly = last !== undefined && first >= (before[0]?.row ?? 0) && first <= last;
  const sorted = emptyByType() as Mutable;
  if (appendsOnly) {
    for (const type of Object.keys(sorted) as PageEventName[]) {
      const list: readonly Entry[] = byType[type];
      const dropped = list.findIndex(({ row }) => row >= first);
      sorted[type] = dropped < 0 ? [] : list.slice(dropped);
    }
  }
  const fresh = appendsOnly ? entries.slice(countUpTo(entries, last, rowOf)) : entries;
  // A server may have events that this page does not draw; they have no list.
  for (const entry of fresh) {
    if (isDrawn(entry.event)) sorted[entry.event.event_type].push(entry);
  }
  return sorted as Log['byType'];
}

/**
 * Gaps by the row they come after: the last one that is not beyond the cursor at which they begin. The row of that cursor may have
 * left, or be an earlier one: a settlement is in the place of its opening.
 */
function placeGaps(
  gaps: readonly Gap[],
  entries: readonly Entry[],
  next: number,
  rows: WeakMap<Gap, number>,
): readonly GapMark[] {
  if (gaps.length === 0) return NO_GAPS;
  const start = (entries[0]?.row ?? next) - 1;
  for (const gap of gaps) {
    if (rows.has(gap)) continue;
    const previous = gaps.find(({ to }) => to === gap.from);
    const before = entries.findLast(({ event }) => isUpTo(event.cursor, gap.from))?.row;
    const after = Math.max(start, (previous && rows.get(previous)) ?? start);
    rows.set(gap, before ?? after);
  }
  // What was erased is told in its place and once more when it happens.
  return gaps
    .filter(({ from, to }, index) => gaps.findIndex((gap) => gap.from === from && gap.to === to) === index)
    .map((gap) => ({ gap, row: rows.get(gap) ?? start }))
    .filter(({ row }) => row >= start)
    .map(({ gap, row }) => ({ gap, row: entries[countUpTo(entries, row, rowOf) - 1]?.row ?? start }))
    .sort((a, b) => a.row - b.row);
}

const NO_GAPS: readonly GapMark[] = [];

export function rowOf({ row }: Entry): number {
  return row;
}

/** Counts the items of a sorted list that are not beyond `limit`: the index of the first one that is. */
export function countUpTo<T>(items: readonly T[], limit: number, keyOf: (item: T) => number): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const item = items[middle];
    if (item !== undefined && keyOf(item) <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

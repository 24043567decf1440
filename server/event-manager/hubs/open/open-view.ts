import type { Position } from '../../../../shared/cursor.ts';
import { type OpenState, ToldChange, type ToldCount, updateRecord } from '../../records/open-state.ts';
import type { Reader, StreamRecord } from '../../records/stream-record.ts';

/** Characters of JSON that are told together. */
const TOLD_CHARS = 256 * 1024;

/** Knowledge of a topic's open set, of somebody who was told all up to a moment. */
export interface KnownOpen {
  readonly epoch: string;
  /** The set's revision. */
  readonly rev: number;
  /** Presences of which only the number was told. */
  readonly crowded: ReadonlySet<string>;
  /** Events as it may know them, some in several states; more of them do no harm. */
  readonly events: readonly OpenState[];
}

/** Items for one subscriber, and what it knows once it has them. */
export interface ToldOpen {
  readonly items: readonly StreamRecord[];
  readonly known: KnownOpen;
}

/** The open set as a hub's subscribers know it. */
export interface OpenView {
  /** An event that is open now. */
  get(id: string): OpenState | undefined;
  /** All that is known to whoever was handed all. @param before without what is handed out now, or was last */
  known(before: boolean): KnownOpen;
  /**
   * Tells each open event that is for a subscriber, as it is, once, and those that are gone; those parts alone that it
   * does not know [O3] [O6].
   * @param known null: nothing
   * @param place where it stands
   */
  tell(known: KnownOpen | null, listener: Listener, place: Position): Iterable<ToldOpen>;
}

/** A subscriber that comes to live on a hub. */
export interface Listener {
  readonly reader: Reader;
  readonly subject: string | undefined;
  /** Ids of events of which it was told otherwise that they are over. */
  readonly over: ReadonlySet<string>;
}

/** An open set at one moment. */
interface OpenNow {
  readonly states: ReadonlyMap<string, OpenState>;
  /** The number of a type's members. */
  readonly countOf: (type: string) => ToldCount;
  readonly known: KnownOpen;
}

/** See {@link OpenView.tell}. The events that changed last come last, so whoever takes a part can go on from there. */
export function* tellOpen(
  { states, countOf, known: now }: OpenNow,
  known: KnownOpen | null,
  { reader, subject, over }: Listener,
  place: Position,
): Generator<ToldOpen, void, undefined> {
  if (known === now) return; // nothing has changed
  const wasCrowded = known?.crowded ?? new Set();
  // Of those that were only counted nothing is known, and who is told their number first lets go of all.
  const since = known && known.crowded === now.crowded ? known.rev : 0;
  let items = outOfSight(known?.events ?? [], states, reader)
    .filter(({ id }) => !over.has(id))
    .map((was) => {
      const state = was.kind === 'presence' ? 'left' : 'lost';
      return updateRecord(place, { id: was.id, state }, new ToldChange(was, null));
    });
  if (known?.rev !== now.rev) {
    const counted = [...[...wasCrowded].filter((type) => !now.crowded.has(type)), ...now.crowded];
    items.push(...counted.map(countOf).flatMap((count) => count.form(count.at(place), reader) ?? []));
  }
  let chars = 0;
  for (const state of changedSince(since, states, now.crowded, reader, subject)) {
    const item = state.at(place);
    items.push(item);
    chars += item.json.length;
    if (chars < TOLD_CHARS) continue;
    yield { items, known: { ...now, rev: state.rev } };
    items = [];
    chars = 0;
  }
  if (items.length > 0) yield { items, known: now };
}

/**
 * Events that a reader is told each, those that changed last at the end. Of thousands of members that are only counted none
 * but the subject's own are looked at further. A function of its own: the loop of a generator is not compiled.
 */
function changedSince(
  since: number,
  states: ReadonlyMap<string, OpenState>,
  crowded: ReadonlySet<string>,
  reader: Reader,
  subject: string | undefined,
): OpenState[] {
  const told: OpenState[] = [];
  for (const state of states.values()) {
    if (state.rev <= since) continue;
    const isCounted = !reader.allMembers && crowded.has(state.type);
    if (isCounted && (subject === undefined || state.by !== subject)) continue;
    if (reader.matches(state.seen)) told.push(state);
  }
  return told.sort((a, b) => a.rev - b.rev);
}

/** Events that a reader saw, and sees no more: each once. */
function outOfSight(
  events: readonly OpenState[],
  states: ReadonlyMap<string, OpenState>,
  reader: Reader,
): OpenState[] {
  const gone = new Map<string, OpenState>();
  for (const was of events) {
    const is = states.get(was.id);
    if (is === was || (is && reader.matches(is.seen))) continue;
    if (reader.matches(was.seen)) gone.set(was.id, was);
  }
  return [...gone.values()];
}

import type { Position } from '../../../../shared/cursor.ts';
import { type OpenState, ToldChange, type ToldCount, updateRecord } from '../../records/open-state.ts';
import { fillsBatch, type Reader, type StreamRecord } from '../../records/stream-record.ts';

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

/** Items for one subscriber, handed over together, and what it knows once it has them: they share one place. */
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

/** Items that are told together: as much as is handed out at once. */
class Part {
  #items: StreamRecord[] = [];
  #chars = 0;

  get isEmpty(): boolean {
    return this.#items.length === 0;
  }

  get isFull(): boolean {
    return fillsBatch(this.#items.length, this.#chars);
  }

  add(item: StreamRecord): void {
    this.#items.push(item);
    this.#chars += item.json.length;
  }

  /** Hands over its items, and is empty. */
  take(known: KnownOpen): ToldOpen {
    const items = this.#items;
    this.#items = [];
    this.#chars = 0;
    return { items, known };
  }
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
  const part = new Part();
  if (known) {
    const { gone, others } = outOfSight(known.events, states, reader);
    const left = gone.filter(({ id }) => !over.has(id));
    for (const [index, was] of left.entries()) {
      const state = was.kind === 'presence' ? 'left' : 'lost';
      part.add(updateRecord(place, { id: was.id, state }, new ToldChange(was, null)));
      if (part.isFull) yield part.take({ ...known, events: [...left.slice(index + 1), ...others] });
    }
  }
  if (known?.rev !== now.rev) {
    const counted = [...[...wasCrowded].filter((type) => !now.crowded.has(type)), ...now.crowded];
    for (const count of counted.map(countOf)) {
      const item = count.form(count.at(place), reader);
      if (item) part.add(item);
    }
  }
  for (const state of changedSince(since, states, now.crowded, reader, subject)) {
    part.add(state.at(place));
    if (part.isFull) yield part.take({ ...now, rev: state.rev });
  }
  if (!part.isEmpty) yield part.take(now);
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

/** Events that a reader saw, and sees no more: each once; and the others. */
function outOfSight(
  events: readonly OpenState[],
  states: ReadonlyMap<string, OpenState>,
  reader: Reader,
): { gone: OpenState[]; others: OpenState[] } {
  const gone = new Map<string, OpenState>();
  const others: OpenState[] = [];
  for (const was of events) {
    const is = states.get(was.id);
    const seesIt = is === was || (is && reader.matches(is.seen));
    if (!seesIt && reader.matches(was.seen)) gone.set(was.id, was);
    else others.push(was);
  }
  return { gone: [...gone.values()], others };
}

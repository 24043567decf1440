import { formatCursor, type Position } from '../../../../shared/cursor.ts';
import type { KeyOf } from '../../records/conflation.ts';
import { type Audience, type OpenState, ToldChange, ToldCount, ToldEnd } from '../../records/open-state.ts';
import { charsOf, type StreamRecord } from '../../records/stream-record.ts';
import type { KnownOpen, Listener, OpenView, ToldOpen } from './open-view.ts';

/** An event that has changed since the last delivery. */
interface Changed {
  readonly was: OpenState | null;
  readonly audience: Audience;
  /** The item that told of its last change, without that change: nobody asks for the states that it holds. */
  readonly item: StreamRecord;
  readonly isEnd: boolean;
}

/**
 * The open set at a pace: of each event that changed in an interval, how it is at its end. What is not stored is reduced to
 * the latest of each key.
 */
export class PacedOpen implements OpenView {
  readonly #view: OpenView;
  readonly #keyOf: KeyOf;
  readonly #changed = new Map<string, Changed>();
  readonly #latest = new Map<string, StreamRecord>();
  /** Knowledge at the last delivery and at the one before, and members as they were before they changed since. */
  #known: KnownOpen;
  #before: KnownOpen;
  #gone: OpenState[] = [];
  #goneBefore: OpenState[] = [];
  #chars = 0;

  /** @param view of the topic's own hub */
  constructor(view: OpenView, keyOf: KeyOf) {
    this.#view = view;
    this.#keyOf = keyOf;
    this.#known = view.known(false);
    this.#before = this.#known;
  }

  /** Number of the items that it holds. */
  get count(): number {
    return this.#changed.size + this.#latest.size;
  }

  /** Characters of JSON and annotations that it holds: those of the items, and of states that are kept for them. */
  get chars(): number {
    return this.#chars;
  }

  get(id: string): OpenState | undefined {
    return this.#view.get(id);
  }

  known(before: boolean): KnownOpen {
    const { rev, crowded, epoch, events } = before ? this.#before : this.#known;
    const now = this.#view.known(false);
    const gone = before ? [...this.#goneBefore, ...this.#gone] : this.#gone;
    // Of another log nothing was known. Who came after the last delivery may have been told when a subscriber joined.
    const isSame = epoch === now.epoch;
    const all = [...(isSame ? events : []), ...now.events, ...gone];
    return { epoch: now.epoch, rev: isSame ? rev : 0, crowded, events: all };
  }

  tell(known: KnownOpen | null, listener: Listener, place: Position): Iterable<ToldOpen> {
    // Their settlements are held, and will come.
    const over = new Set(listener.over);
    for (const { id, kind } of this.#known.events)
      if (kind !== 'presence' && !this.#view.get(id)) over.add(id);
    return this.#view.tell(known, { ...listener, over }, place);
  }

  /** Holds an item that is no record. */
  add(item: StreamRecord): void {
    const { told, ...rest } = item;
    if (!(told instanceof ToldChange)) {
      const key = this.#latestKey(item);
      this.#chars += latestChars(item) - latestChars(this.#latest.get(key));
      this.#latest.set(key, item);
      return;
    }
    const id = (told.is ?? told.was)?.id ?? '';
    const held = this.#changed.get(id);
    const audience = held && held.audience !== told.audience ? 'all' : told.audience;
    // One that came and went is told to have left: who joined between knows it.
    const was = told.is === null ? (held?.was ?? told.was) : held ? held.was : told.was;
    const changed = { was, audience, item: rest, isEnd: told.is === null };
    this.#chars += changedChars(changed) - changedChars(held);
    this.#changed.set(id, changed);
    if (told.was?.kind !== 'presence' || (held && told.is !== null)) return;
    this.#gone.push(told.was);
    if (told.was !== was) this.#chars += charsOf(told.was.seen);
  }

  #latestKey(item: StreamRecord): string {
    const { told, type } = item;
    if (told instanceof ToldEnd) return `${type} ${told.id}`;
    return told instanceof ToldCount ? `${type} ${told.type}` : this.#keyOf(item);
  }

  /** Lets go of what is held: of another log nothing of it is open. */
  clear(): void {
    this.#changed.clear();
    this.#latest.clear();
    this.#gone = [];
    this.#chars = 0;
  }

  /** Hands over what is held, in a place. */
  take(place: Position): StreamRecord[] {
    const items = [...this.#latest.values()].map((item) => placed(item, place));
    const { crowded } = this.#view.known(false);
    for (const [id, { was, audience, item, isEnd }] of this.#changed) {
      const is = this.#view.get(id) ?? null;
      // Changes before it was crowded are for no more readers than those since.
      const isCrowded = crowded.has((is ?? was)?.type ?? '') && audience !== 'mine';
      const told = new ToldChange(was, is, isCrowded ? 'own' : audience);
      if (is) items.push({ ...is.at(place), told });
      // Others are settled by their records, unless those were lost.
      else if (was?.kind === 'presence' || isEnd) items.push({ ...placed(item, place), told });
    }
    this.#goneBefore = this.#gone;
    this.clear();
    this.#before = this.#known;
    this.#known = this.#view.known(false);
    return items;
  }
}

function changedChars(changed: Changed | undefined): number {
  return changed ? charsOf(changed.item) + charsOf(changed.was?.seen) : 0;
}

function latestChars(item: StreamRecord | undefined): number {
  return charsOf(item) + (item?.told instanceof ToldEnd ? item.told.chars : 0);
}

function placed(item: StreamRecord, { epoch, seq }: Position): StreamRecord {
  return { ...item, epoch, seq, cursor: formatCursor({ epoch, seq }) };
}

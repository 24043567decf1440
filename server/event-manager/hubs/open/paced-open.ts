import { formatCursor, type Position } from '../../../../shared/cursor.ts';
import type { KeyOf } from '../../records/conflation.ts';
import { type Audience, type OpenState, ToldChange, ToldCount } from '../../records/open-state.ts';
import type { Reader, StreamRecord } from '../../records/stream-record.ts';
import type { KnownOpen, OpenView, ToldOpen } from './open-view.ts';

/** An event that has changed since the last delivery. */
interface Changed {
  readonly was: OpenState | null;
  readonly audience: Audience;
  /** The item that told of its last change. */
  readonly item: StreamRecord;
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

  /** @param view of the topic's own hub */
  constructor(view: OpenView, keyOf: KeyOf) {
    this.#view = view;
    this.#keyOf = keyOf;
    this.#known = view.known(false);
    this.#before = this.#known;
  }

  get isEmpty(): boolean {
    return this.#changed.size === 0 && this.#latest.size === 0;
  }

  get(id: string): OpenState | undefined {
    return this.#view.get(id);
  }

  known(before: boolean): KnownOpen {
    const { rev, crowded, epoch, members } = before ? this.#before : this.#known;
    const now = this.#view.known(false);
    const gone = before ? [...this.#goneBefore, ...this.#gone] : this.#gone;
    // Of another log nothing was known. Who came after the last delivery may have been told when a subscriber joined.
    const isSame = epoch === now.epoch;
    const all = [...(isSame ? members : []), ...now.members, ...gone];
    return { epoch: now.epoch, rev: isSame ? rev : 0, crowded, members: all };
  }

  tell(
    known: KnownOpen | null,
    reader: Reader,
    subject: string | undefined,
    place: Position,
  ): Iterable<ToldOpen> {
    return this.#view.tell(known, reader, subject, place);
  }

  /** Holds an item that is no record. */
  add(item: StreamRecord): void {
    const { told } = item;
    if (!(told instanceof ToldChange)) {
      this.#latest.set(told instanceof ToldCount ? `${item.type} ${told.type}` : this.#keyOf(item), item);
      return;
    }
    const id = (told.is ?? told.was)?.id ?? '';
    const held = this.#changed.get(id);
    const audience = held && held.audience !== told.audience ? 'all' : told.audience;
    // One that came and went is told to have left: who joined between knows it.
    const was = told.is === null ? (held?.was ?? told.was) : held ? held.was : told.was;
    this.#changed.set(id, { was, audience, item });
    if (told.was?.kind === 'presence' && (!held || told.is === null)) this.#gone.push(told.was);
  }

  /** Lets go of what is held: of another log nothing of it is open. */
  clear(): void {
    this.#changed.clear();
    this.#latest.clear();
    this.#gone = [];
  }

  /** Hands over what is held, in a place. */
  take(place: Position): StreamRecord[] {
    const items = [...this.#latest.values()].map((item) => placed(item, place));
    for (const [id, { was, audience, item }] of this.#changed) {
      const is = this.#view.get(id) ?? null;
      const told = new ToldChange(was, is, audience);
      if (is) items.push({ ...is.at(place), told });
      else if (was?.kind === 'presence') items.push({ ...placed(item, place), told }); // others are settled by their records
    }
    this.#goneBefore = this.#gone;
    this.clear();
    this.#before = this.#known;
    this.#known = this.#view.known(false);
    return items;
  }
}

function placed(item: StreamRecord, { epoch, seq }: Position): StreamRecord {
  return { ...item, epoch, seq, cursor: formatCursor({ epoch, seq }) };
}

import type { Position } from '../../../../shared/cursor.ts';
import type { SettledState } from '../../../../shared/open/open-part.ts';
import type { OpenChange, OpenSet } from '../../../broker/open/open-events.ts';
import type { TopicOpen } from '../../reading/topic-open.ts';
import { isLoss } from '../../records/erasure.ts';
import {
  type Audience,
  EPHEMERAL,
  notStored,
  type OpenState,
  ToldChange,
  ToldCount,
  ToldEnd,
  toldRecord,
  updateRecord,
} from '../../records/open-state.ts';
import { decodeRecord, openPartOf, type StreamRecord } from '../../records/stream-record.ts';
import { Crowds } from './crowds.ts';
import { LateIds } from './late-ids.ts';
import type { OpenStep } from './open-order.ts';
import { type KnownOpen, type Listener, type OpenView, tellOpen } from './open-view.ts';

/**
 * A hub's mirror of its topic's open set [O5]. It is what the mirror of the log, the contiguous tail, is to the log: changed
 * as what tells of the changes is handed out, so it and the hub's position are of one moment.
 */
export class OpenMirror implements OpenView {
  readonly #open: TopicOpen;
  readonly #crowds: Crowds;
  readonly #onReady: () => void;
  #states = new Map<string, OpenState>();
  #epoch = '';
  #rev = 0;
  /** Revision, large presences, and members as they were that have changed, from before the items that were made last. */
  #before: Pick<KnownOpen, 'rev' | 'crowded'> = { rev: 0, crowded: new Set() };
  #gone: OpenState[] = [];
  #known: KnownOpen | null = null;
  /** The set was told: until then there is nobody to tell a change to. */
  #isReady = false;
  /** Number of the last record at which somebody joined, and was told what is open. */
  #joinedAt = 0;
  /** Events whose settlement or erasure has passed: a set from before, or a late change, does not bring them back. */
  readonly #settled = new LateIds();
  readonly #erased = new LateIds();
  /** Openings that have passed, while their changes have not. */
  readonly #openings = new Map<string, StreamRecord>();
  /** Number of the last record that nobody was handed, and of the place of the last change or set. */
  #lostAt = 0;
  #toldAt = 0;

  /**
   * @param later takes a step that is to be in its place among records
   * @param onReady called when the set is known, once or more often
   */
  constructor(open: TopicOpen, later: (step: OpenStep) => void, onReady: () => void) {
    this.#open = open;
    this.#onReady = onReady;
    this.#crowds = new Crowds((type) => later({ step: 'count', json: '', type }));
  }

  /** Events that are open. */
  get size(): number {
    return this.#states.size;
  }

  get(id: string): OpenState | undefined {
    return this.#states.get(id);
  }

  /** Takes in records and steps, in order. @param from the place before them @returns the items that tell of them */
  items(batch: readonly (StreamRecord | OpenStep)[], from: Position): StreamRecord[] {
    this.#before = { rev: this.#rev, crowded: this.#crowds.types };
    this.#gone = [];
    const items: StreamRecord[] = [];
    let place = from;
    for (const item of batch) {
      if ('step' in item) {
        items.push(...this.#take(item, place));
        continue;
      }
      items.push(item, ...this.#pass(item, place));
      place = item;
    }
    return items;
  }

  known(before: boolean): KnownOpen {
    const open = this.#states.values();
    const { types: crowded } = this.#crowds;
    const hasChanged = this.#gone.length > 0 || this.#before.rev !== this.#rev;
    if (before && hasChanged)
      return { ...this.#before, epoch: this.#epoch, events: [...open, ...this.#gone] };
    this.#known ??= { epoch: this.#epoch, rev: this.#rev, crowded, events: [...open] };
    return this.#known;
  }

  tell(known: KnownOpen | null, listener: Listener, place: Position) {
    if (place.epoch === this.#epoch) this.#joinedAt = Math.max(this.#joinedAt, place.seq);
    const countOf = (type: string) => this.#countOf(type);
    const now = { states: this.#states, countOf, known: this.known(false) };
    return tellOpen(now, known?.epoch === this.#epoch ? known : null, listener, place);
  }

  close(): void {
    this.#crowds.clear();
  }

  /**
   * A record passes: one that settles an event ends it at once, before its change is told.
   * @returns the end, for those who are not shown that record
   */
  #pass(record: StreamRecord, place: Position): StreamRecord[] {
    if (record.epoch !== this.#epoch) {
      // Of another epoch nothing is open [O10]; at first nothing is known.
      if (place.epoch !== record.epoch) this.#begin(record.epoch);
      this.#epoch = record.epoch;
      this.#known = null;
    }
    if (record.erases) this.#erase(record.erases);
    if (isLoss(record)) this.#lostAt = record.seq;
    if (!this.#open.isStored(record.type)) return [];
    const part = openPartOf(record);
    if (part === undefined) return [];
    const { id, state } = part;
    if (state === 'open') {
      this.#openings.set(id, record);
      return [];
    }
    const opening = this.#openings.get(id);
    const was = this.#states.get(id) ?? (opening && { seen: opening, begun: opening });
    this.#openings.delete(id);
    this.#settled.add(id, record.seq);
    this.#remove(id);
    return was ? [updateRecord(record, { id, state }, new ToldEnd(id, was, record))] : [];
  }

  #begin(epoch: string): void {
    this.#epoch = epoch;
    this.#rev = 0;
    this.#joinedAt = 0;
    this.#before = { rev: 0, crowded: new Set() };
    this.#states = new Map();
    this.#gone = [];
    this.#crowds.clear();
    this.#settled.clear();
    this.#erased.clear();
    this.#openings.clear();
    this.#lostAt = 0;
    this.#toldAt = 0;
    this.#ready();
  }

  #erase(runs: NonNullable<StreamRecord['erases']>): void {
    for (const { id, begun } of this.#states.values()) {
      if (!begun || !runs.some(([after, last]) => begun.seq > after && begun.seq <= last)) continue;
      this.#erased.add(id, begun.seq);
      this.#remove(id);
    }
  }

  #take(step: OpenStep, place: Position): StreamRecord[] {
    this.#epoch = place.epoch;
    this.#known = null;
    if (step.step === 'set') return this.#reset(step.set, place);
    if (step.step === 'change') return this.#change(step.change, place);
    if (step.step === 'count') return this.#due(step.type, place);
    const event = this.#open.admit(step.entry, place);
    return event ? [toldRecord(place, event.type, notStored(event), EPHEMERAL)] : [];
  }

  #change(change: OpenChange, place: Position): StreamRecord[] {
    const { rev } = change;
    this.#rev = rev;
    this.#toldAt = change.at.seq;
    if (change.kind === 'begun') {
      this.#openings.delete(change.event.id);
      if (this.#isOver(change.event.id, change.at)) return [];
      const is = this.#open.stateOf(change.event);
      const items = is ? this.#put(is, (audience) => asItIs(is, place, null, audience)) : [];
      // Others are told by their records; whoever came between such a record and this change was told nothing.
      return is?.begun && is.begun.seq > this.#joinedAt ? [] : items;
    }
    const was = this.#states.get(change.id);
    if (!was) return []; // settled by its record, erased, or malformed
    if (change.kind === 'settled')
      return this.#settle(was, change.state, place, this.#lostAt >= change.at.seq);
    if (change.kind === 'appended') {
      const { id, text, offset: at } = change;
      const is = was.appended(text, rev);
      const told = (audience: Audience) =>
        updateRecord(place, { id, at, text }, new ToldChange(was, is, audience));
      return this.#put(is, told);
    }
    const seen = this.#open.admit(change.entry, place);
    if (!seen) return [];
    const is = was.replaced(seen, rev);
    const { data } = decodeRecord(seen) as { data: unknown };
    return this.#put(is, (audience) =>
      updateRecord(place, { id: is.id, data }, new ToldChange(was, is, audience), seen.meta === undefined),
    );
  }

  /** Puts a set in the place of what is mirrored, and tells the difference: as it is, not how it came to be. */
  #reset(set: OpenSet, place: Position): StreamRecord[] {
    this.#rev = set.rev;
    const items: StreamRecord[] = [];
    const open = new Set(set.events.map(({ id }) => id));
    const isLost = this.#lostAt > this.#toldAt;
    this.#toldAt = set.at.seq;
    for (const [id, { seq }] of this.#openings) if (seq <= set.at.seq) this.#openings.delete(id);
    for (const was of [...this.#states.values()])
      if (!open.has(was.id)) items.push(...this.#settle(was, 'lost', place, isLost));
    for (const event of set.events) {
      const was = this.#states.get(event.id) ?? null;
      if (was?.rev === event.rev || this.#isOver(event.id, set.at)) continue;
      const is = this.#open.stateOf(event);
      if (is) items.push(...this.#put(is, (audience) => asItIs(is, place, was, audience)));
    }
    const wasReady = this.#isReady;
    this.#ready();
    return wasReady ? items : [];
  }

  #ready(): void {
    this.#isReady = true;
    this.#onReady();
  }

  /** @param at the end of the log when it was said that it is open */
  #isOver(id: string, at: Position): boolean {
    return this.#erased.has(id) || (this.#settled.seqOf(id) ?? 0) > at.seq;
  }

  /** Takes in a state. @param told makes the item that tells of it */
  #put(is: OpenState, told: (audience: Audience) => StreamRecord): StreamRecord[] {
    const was = this.#states.get(is.id);
    this.#states.set(is.id, is);
    if (is.kind !== 'presence') return [told('all')];
    const { type } = is;
    if (was) this.#gone.push(was);
    else if (this.#crowds.add(type, 1) === 'count') return this.#counted(is, told('own'));
    if (!this.#crowds.has(type)) return [told('all')];
    const item = told('own');
    return [item, ...this.#due(type, item)];
  }

  /** From here on the number of members is told: all are let go of, so each subject is told its own again. @param last who came last */
  #counted(last: OpenState, item: StreamRecord): StreamRecord[] {
    this.#crowds.isDue(last.type); // from now on once a second, and now in any case
    const others = this.#members(last.type).filter((is) => is !== last && is.by !== undefined);
    const count = this.#countOf(last.type).at(item);
    return [count, item, ...others.map((is) => asItIs(is, item, null, 'mine'))];
  }

  #members(type: string): OpenState[] {
    return [...this.#states.values()].filter((is) => is.type === type);
  }

  /** @param isLost its record may be among those that nobody was handed */
  #settle(was: OpenState, state: SettledState, place: Position, isLost: boolean): StreamRecord[] {
    const { id, type, kind } = was;
    this.#remove(id);
    if (kind !== 'presence')
      return isLost ? [updateRecord(place, { id, state }, new ToldChange(was, null))] : [];
    const isCrowded = this.#crowds.has(type);
    const item = updateRecord(place, { id, state }, new ToldChange(was, null, isCrowded ? 'own' : 'all'));
    if (this.#crowds.add(type, -1) !== 'each') return [item, ...this.#due(type, item)];
    const members = this.#members(type).map((is) => asItIs(is, place, null, 'counted'));
    return [item, this.#countOf(type).at(place), ...members];
  }

  #remove(id: string): void {
    const was = this.#states.get(id);
    if (was) this.#gone.push(was);
    this.#states.delete(id);
    this.#known = null;
  }

  #due(type: string, place: Position): StreamRecord[] {
    return this.#crowds.isDue(type) ? [this.#countOf(type).at(place)] : [];
  }

  #countOf(type: string): ToldCount {
    return new ToldCount(type, !this.#crowds.has(type), (reader) => {
      if (!reader.narrows) return this.#crowds.sizeOf(type);
      let count = 0;
      for (const { seen } of this.#states.values()) if (seen.type === type && reader.matches(seen)) count++;
      return count;
    });
  }
}

/** An event that is told as it is. */
function asItIs(is: OpenState, place: Position, was: OpenState | null, audience: Audience): StreamRecord {
  return { ...is.at(place), told: new ToldChange(was, is, audience) };
}

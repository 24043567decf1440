import { EventEmitter } from 'node:events';
import { isBefore, type Position, samePosition } from '../../../shared/cursor.ts';
import type { Gap } from '../../broker/broker.ts';
import type { Asker, HeldRecords, RecordHolder } from '../reading/asker.ts';
import type { ReadSteps } from '../reading/steps.ts';
import { Conflation, isMuch, type KeyOf } from '../records/conflation.ts';
import { countGap } from '../records/reports.ts';
import type { Selector } from '../records/selector.ts';
import { formFor, isNoticeType, type StreamRecord } from '../records/stream-record.ts';
import { Fanout } from './fanout.ts';
import type { Hub, HubEvents, Sink } from './hub.ts';
import { PacedOpen } from './open/paced-open.ts';

/** A pace, and the records that are kept at it. */
export interface Pacing {
  readonly selector: Selector;
  readonly keyOf: KeyOf;
  readonly everyMs: number;
}

/**
 * A topic at most once per interval: the first records at once, and then, whenever an interval has passed, the latest
 * of each key among those that came in it; what is left out is announced in its place [D4].
 *
 * A hub like the topic's own, so that feeds and groups know nothing of it: one interval and one reduction for all who
 * want the same. It stands where it last delivered, and whoever stands there too has missed nothing. What a feed reads
 * from the log is reduced in the same way. What it holds counts for whoever opened it; of too much that is held together
 * it delivers early.
 */
export class PacedHub implements Hub, RecordHolder {
  readonly emitter = new EventEmitter<HubEvents>().setMaxListeners(0);
  readonly #hub: Hub;
  readonly #fanout: Fanout;
  readonly #pacing: Pacing;
  readonly #note: (chars: number) => void;
  readonly #started: Promise<void>;
  readonly open: PacedOpen | null;
  readonly coming = null;
  readonly isMoving = false;
  #position: Position | null = null;
  #previous: Position | null = null;
  #held: Conflation;
  #interval: NodeJS.Timeout | undefined;
  #closed = false;

  /** @param held where what it holds counts, for `asker` */
  constructor(hub: Hub, pacing: Pacing, held: HeldRecords, asker: Asker) {
    this.#hub = hub;
    this.#fanout = new Fanout(hub.log.topic, hub.telemetry);
    this.#note = (chars) => held.set(asker, this, chars);
    this.#pacing = pacing;
    this.open = hub.open && new PacedOpen(hub.open, pacing.keyOf);
    this.#held = new Conflation({ epoch: '', seq: 0 }, pacing.keyOf);
    hub.emitter.once('closed', this.close);
    this.#started = hub.started().then(() => {
      if (this.#closed) return;
      this.#moveTo(hub.position);
      hub.emitter.on('batch', this.#onBatch);
    });
    this.#started.catch(() => {}); // whoever waits for it sees the error
  }

  get log(): Hub['log'] {
    return this.#hub.log;
  }

  get telemetry(): Hub['telemetry'] {
    return this.#hub.telemetry;
  }

  get position(): Position {
    if (this.#position === null) throw new TypeError('PacedHub: wait for started() first');
    return this.#position;
  }

  get previous(): Position {
    return this.#previous ?? this.position;
  }

  started(): Promise<void> {
    return this.#started;
  }

  join(selector: Selector, sink: Sink): Selector {
    return this.#fanout.join(selector, sink);
  }

  leave(selector: Selector, sink: Sink): void {
    this.#fanout.leave(selector, sink);
  }

  /** Reads the records between a position and this hub's, reduced; a gap of the log that is not at its beginning ends the page. */
  async read(after: Position, steps: ReadSteps): ReturnType<Hub['read']> {
    let gap: Gap | null = null;
    let held = this.#reduction(after);
    let last: StreamRecord | undefined;
    let isHeld: boolean | undefined;
    try {
      while (!held.isLarge && !steps.crowded && this.#isToBeRead(held.end)) {
        const chunk = await this.#hub.read(held.end, steps);
        if (chunk.gap) {
          if (last || gap) break; // the next page begins with it
          gap = chunk.gap;
          held = this.#reduction(gap.to);
        }
        const end = held.end;
        for (const record of steps.within(chunk)) {
          if (isBefore(this.position, record) || held.isLarge) break;
          held.add(record, this.#pacing.selector.matches(record));
          last = record;
        }
        isHeld = chunk.isHeld;
        if (!chunk.gap && samePosition(held.end, end)) break;
        steps.hold(held.chars);
      }
    } finally {
      steps.hold(0);
    }
    const records = held.records();
    // Nobody wants it, but whoever reads has come as far.
    if (last && last !== records.at(-1) && !this.#pacing.selector.matches(last)) records.push(last);
    return { gap, records, ...(isHeld && { isHeld }) };
  }

  /** Held records are handed out before. */
  readonly close = (): void => {
    if (this.#closed) return;
    if (this.#position !== null && !this.#isEmpty) this.#deliver();
    if (this.#closed) return; // in the midst of that
    this.#closed = true;
    this.#note(0);
    clearTimeout(this.#interval);
    this.#hub.emitter.off('closed', this.close);
    this.#hub.emitter.off('batch', this.#onBatch);
    this.emitter.emit('closed');
    this.emitter.removeAllListeners();
  };

  readonly #onBatch = (batch: readonly StreamRecord[]): void => {
    for (const record of batch) {
      if (record.told) this.#hold(record);
      else if (this.#isBreak(record)) this.#break(record);
      else this.#held.add(record, this.#pacing.selector.matches(record));
      if (this.#closed) return; // the last who wanted it left on being handed that
    }
    if (this.#isEmpty) this.#emit([], this.#held.end);
    else if (this.#interval === undefined || isMuch(this.#count, this.#chars)) this.#deliver();
    else this.#note(this.#chars);
  };

  giveUp(): void {
    if (!this.#closed && !this.#isEmpty) this.#deliver();
  }

  /** Number of the items that it holds, and their characters: records, and what is told of open events. */
  get #count(): number {
    return this.#held.count + (this.open?.count ?? 0);
  }

  get #chars(): number {
    return this.#held.chars + (this.open?.chars ?? 0);
  }

  get #isEmpty(): boolean {
    return this.#held.isEmpty && (this.open?.count ?? 0) === 0;
  }

  #hold(item: StreamRecord): void {
    if (formFor(this.#pacing.selector, item)) this.open?.add(item);
  }

  #break(gap: StreamRecord): void {
    if (gap.epoch !== this.#held.end.epoch) this.open?.clear();
    this.#emit([...this.#held.records(), gap], gap);
  }

  #deliver(): void {
    const records = this.#held.records();
    for (const record of records)
      if (record.type === 'stream_gap') countGap(this.telemetry.instruments, record);
    const { end } = this.#held;
    this.#emit(this.open ? [...records, ...this.open.take(end)] : records, end);
    if (this.#closed) return;
    clearTimeout(this.#interval);
    this.#interval = setTimeout(() => {
      this.#interval = undefined;
      if (!this.#isEmpty) this.#deliver();
    }, this.#pacing.everyMs).unref();
  }

  #emit(records: readonly StreamRecord[], position: Position): void {
    this.#moveTo(position);
    if (records.length > 0) this.#fanout.handOut(records);
    this.emitter.emit('batch', records); // without records, too: there may be who waits for the move
  }

  #moveTo({ epoch, seq }: Position): void {
    this.#previous = this.#position;
    this.#position = { epoch, seq };
    this.#held = this.#reduction(this.#position);
    this.#note(0);
  }

  #reduction(from: Position): Conflation {
    return new Conflation(from, this.#pacing.keyOf);
  }

  /** A gap into another epoch, or of more than one record of any type: told at once, for nothing can be reduced across it. */
  #isBreak({ type, epoch, seq, of }: StreamRecord): boolean {
    const { end } = this.#held;
    return isNoticeType(type) && (epoch !== end.epoch || (seq !== end.seq + 1 && of === undefined));
  }

  /** Tells if a reader at a position lacks what this hub has passed, or stands where the topic's own never was. */
  #isToBeRead({ epoch, seq }: Position): boolean {
    const [here, topic] = [this.position, this.#hub.position];
    if (epoch !== here.epoch) return true;
    return seq < here.seq || (seq > here.seq && (epoch !== topic.epoch || seq > topic.seq));
  }
}

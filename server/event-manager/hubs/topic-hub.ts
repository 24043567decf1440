import { EventEmitter } from 'node:events';
import { isBefore, type Position, parseCursor, samePosition } from '../../../shared/cursor.ts';
import { nobody, type Telemetry } from '../../telemetry/telemetry.ts';
import type { StreamSink } from '../reading/holding-tail.ts';
import { patiently, type ReadSteps } from '../reading/steps.ts';
import type { TopicReader, TopicTail } from '../reading/topic-reader.ts';
import { erasedPlace, erases } from '../records/erasure.ts';
import { RecentBudget, RecentRecords } from '../records/recent-records.ts';
import type { Selector } from '../records/selector.ts';
import { gapRecord, inBatches, type StreamRecord } from '../records/stream-record.ts';
import { Fanout } from './fanout.ts';
import type { Hub, HubEvents, Sink } from './hub.ts';
import { HubOpen } from './open/hub-open.ts';
import type { OpenStep } from './open/open-order.ts';
import type { OpenView } from './open/open-view.ts';

const RECENT_RECORDS = 1024;
const RECENT_CHARS = 4 * 1024 * 1024;
/** Ms for handing out in one turn of the event loop: to many subscribers a large burst is a second's work. */
const TURN_MS = 10;
/** Characters of JSON that may wait for a further turn; beyond that they are handed out whatever it takes. */
const WAITING_CHARS = 4 * 1024 * 1024;

/** One topic in this process: its single tail, fanned out. */
export class TopicHub implements Hub {
  readonly log: TopicReader;
  readonly telemetry: Telemetry;
  readonly emitter = new EventEmitter<HubEvents>().setMaxListeners(0);
  readonly #fanout: Fanout;
  readonly #budget: RecentBudget;
  readonly #recent = new RecentRecords(RECENT_RECORDS, RECENT_CHARS);
  readonly #started: Promise<void>;
  /** The part for its catalog's open kinds; null for a catalog without any. */
  readonly #open: HubOpen | null;
  #position: Position | null = null;
  #previous: Position | null = null;
  /** The place of the last record that has arrived. */
  #arrived: Position | null = null;
  /** The latest place that this process has written to. */
  #written: Position | null = null;
  #pending: (StreamRecord | OpenStep)[] = [];
  #pendingChars = 0;
  #scheduled = false;
  #tail: TopicTail | null = null;
  /** Gives up attaching: in an outage of the log that may take as long. */
  readonly #attaching = new AbortController();
  #closed = false;

  /** @param budget what all hubs of the process keep of recent records */
  constructor(log: TopicReader, telemetry: Telemetry = nobody, budget: RecentBudget = new RecentBudget()) {
    this.log = log;
    this.telemetry = telemetry;
    this.#fanout = new Fanout(log.topic, telemetry);
    this.#budget = budget;
    this.#open = log.open ? new HubOpen(log.open, (step) => this.#enqueueStep(step)) : null;
    this.#started = this.#attach();
    this.#started.catch(() => {}); // whoever waits for it sees the error
  }

  /** Resolves once the tail is attached, and the open set is known: from then on `position` is. Rejects when the broker was closed. */
  started(): Promise<void> {
    return this.#started;
  }

  get open(): OpenView | null {
    return this.#open?.mirror ?? null;
  }

  /** The place of the last record handed out. Whoever stands here and joins misses nothing [D7]. */
  get position(): Position {
    if (this.#position === null) throw new TypeError('TopicHub: wait for started() first');
    return this.#position;
  }

  /** It hands out nothing now: a record must wait [V4]. */
  get isHeld(): boolean {
    return this.#tail?.isHeld ?? false;
  }

  get previous(): Position {
    return this.#previous ?? this.position;
  }

  get coming(): Position | null {
    const [arrived, written] = [this.#arrived, this.#written];
    return written === null || (arrived !== null && isBefore(written, arrived)) ? arrived : written;
  }

  get isMoving(): boolean {
    const arrived = this.#arrived;
    return arrived !== null && !samePosition(arrived, this.position);
  }

  /** Notes that this process has written to the log, up to a cursor. */
  wrote(cursor: string): void {
    const place = parseCursor(cursor);
    if (this.#written === null || !isBefore(place, this.#written)) this.#written = place;
  }

  /** Records right after a position: from memory if they are recent, else from the log. */
  read(
    after: Position,
    steps: ReadSteps,
    arrived?: (last: Position) => void,
  ): ReturnType<TopicReader['read']> {
    return steps.read(async (most, time) => {
      const recent = this.#recent.after(after, most);
      return recent ? { gap: null, records: recent } : this.log.read(after, most, time, arrived);
    });
  }

  join(selector: Selector, sink: Sink): Selector {
    return this.#fanout.join(selector, sink);
  }

  leave(selector: Selector, sink: Sink): void {
    this.#fanout.leave(selector, sink);
  }

  /** Records of the log that were not handed out yet; null while that cannot be known. */
  async lag(): Promise<number | null> {
    try {
      await this.#started;
      const { epoch, last } = await this.log.bounds();
      return epoch === this.position.epoch ? Math.max(0, last - this.position.seq) : null;
    } catch {
      return null;
    }
  }

  /** Records that have arrived are handed out before. */
  close(): void {
    if (this.#closed) return;
    this.#flush(Number.POSITIVE_INFINITY);
    this.#closed = true;
    this.#open?.close();
    this.#attaching.abort();
    this.#tail?.close();
    this.#recent.clear();
    this.#budget.note(this.#recent);
    this.emitter.emit('closed');
    this.emitter.removeAllListeners();
  }

  async #attach(): Promise<void> {
    const order = this.#open?.order;
    const { signal } = this.#attaching;
    const sink: StreamSink = {
      start: (position) => {
        this.#position = position;
        order?.reached(position);
      },
      records: (records) => this.#enqueue(records),
      gap: (gap) => this.#enqueue([gapRecord(gap)]),
      ...(order && { open: order }),
    };
    const tail = await patiently(() => this.log.tail(sink, signal), signal);
    if (this.#closed) tail.close();
    this.#tail = tail;
    if (this.#position === null) throw new TypeError('Broker.tail resolved without calling start');
    await this.#open?.known;
  }

  /** Everything that arrives in one turn of the event loop leaves together, so that its frames can be joined. */
  #enqueue(records: readonly StreamRecord[]): void {
    const last = records.at(-1);
    if (this.#closed || !last) return;
    this.#arrived = { epoch: last.epoch, seq: last.seq };
    for (const { json } of records) this.#pendingChars += json.length;
    if (!this.#open) this.#pending.push(...records);
    else {
      for (const record of records) {
        this.#pending.push(record);
        this.#open.order.reached(record);
      }
    }
    for (const record of records) if (record.erases) this.#erase(record);
    this.#schedule();
  }

  /** Takes something told of open events, in its place. */
  #enqueueStep(step: OpenStep): void {
    if (this.#closed) return;
    this.#pending.push(step);
    this.#pendingChars += step.json.length;
    this.#schedule();
  }

  /** Lets go of records that were erased: those that are not handed out yet will not be. */
  #erase(erasure: StreamRecord): void {
    this.#recent.clear();
    this.#budget.note(this.#recent);
    this.#pending = this.#pending.map((item) =>
      !('step' in item) && erases(erasure, item) ? erasedPlace(item) : item,
    );
    this.#pendingChars = this.#pending.reduce((sum, { json }) => sum + json.length, 0);
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#flush(TURN_MS);
    });
  }

  /** Hands out what waits, batch by batch; after `ms` the rest of the process has its turn. */
  #flush(ms: number): void {
    const pending = this.#pending;
    this.#pending = [];
    const until = performance.now() + ms;
    let done = 0;
    for (const batch of inBatches(pending)) {
      done += batch.length;
      for (const { json } of batch) this.#pendingChars -= json.length;
      this.#emit(batch);
      if (performance.now() > until && this.#pendingChars < WAITING_CHARS) break;
    }
    if (done === pending.length) return;
    this.#pending = [...pending.slice(done), ...this.#pending];
    this.#schedule();
  }

  #emit(batch: readonly (StreamRecord | OpenStep)[]): void {
    if (this.#closed) return;
    const items = this.#itemsOf(batch);
    const last = items.at(-1);
    if (!last) return;
    for (const item of items) if (!item.told) this.#recent.push(item);
    this.#budget.note(this.#recent);
    this.#previous = this.#position;
    this.#position = { epoch: last.epoch, seq: last.seq };
    this.#fanout.handOut(items);
    this.emitter.emit('batch', items);
  }

  #itemsOf(batch: readonly (StreamRecord | OpenStep)[]): readonly StreamRecord[] {
    if (this.#open) return this.#open.mirror.items(batch, this.position);
    return batch.every(isRecord) ? batch : [];
  }
}

function isRecord(item: StreamRecord | OpenStep): item is StreamRecord {
  return !('step' in item);
}

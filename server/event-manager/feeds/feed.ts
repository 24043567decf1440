import { once } from 'node:events';
import { formatCursor, isBefore, type Position, samePosition } from '../../../shared/cursor.ts';
import { EventsError } from '../../../shared/errors.ts';
import { Batch, type Hub, type Sink } from '../hubs/hub.ts';
import { patiently, type ReadSteps, type Reads } from '../reading/steps.ts';
import { Conflation, type KeyOf } from '../records/conflation.ts';
import { addItem, isLoss } from '../records/erasure.ts';
import type { Selector } from '../records/selector.ts';
import { gapRecord, inBatches, type StreamRecord, syncedRecord } from '../records/stream-record.ts';
import type { FeedOptions } from './feed-options.ts';
import type { FeedHandle, FeedReader } from './feed-reader.ts';
import { FeedReports } from './feed-reports.ts';
import type { FeedStart } from './feed-start.ts';
import { KnownEnd } from './known-end.ts';
import { OpenTelling } from './open-telling.ts';
import { Run } from './run.ts';

/**
 * One subscriber's way through a topic: reads the log until it stands where the hub stands, then lives on the hub;
 * a reader that falls behind goes back to the log. The log is the queue, so there is no other.
 *
 *   reading ── level with the hub ──▶ live ── park ──▶ parked ── unpark ──▶ live
 *      ▲  ╲── reader full ──▶ full ◀── fellBehind ──╯──────╯
 *      ╰────── resume ─────────╯            close: from anywhere
 *
 * While it is parked, its reader gets what the hub hands out from elsewhere.
 */
export class Feed implements FeedHandle, Sink {
  readonly hub: Hub;
  readonly #reader: FeedReader;
  readonly #conflate: KeyOf | undefined;
  readonly #reads: Reads;
  readonly #readRecords: number | undefined;
  readonly #reports: FeedReports;
  readonly #open: OpenTelling | null;
  readonly #onLive: (() => void) | undefined;
  readonly #onClose: () => void;
  #selector: Selector;
  #state: 'idle' | 'reading' | 'live' | 'parked' | 'full' | 'closed' = 'idle';
  #position: Position | null = null;
  /** The run of a feed that reads; null for any other: it holds nothing of one. */
  #run: Run | null = null;
  #recovered = true;
  #synced = false;
  /** Null once it has caught up. */
  #end: KnownEnd | null = null;

  constructor({ hub, selector, reader, subject, reads, ...options }: FeedOptions) {
    this.hub = hub;
    this.#selector = selector;
    this.#reader = reader;
    this.#conflate = options.conflate;
    this.#reads = reads;
    this.#readRecords = options.readRecords;
    this.#reports = new FeedReports(hub, reader.name);
    this.#open = hub.open && new OpenTelling(hub.open, subject);
    this.#onLive = options.onLive;
    this.#onClose = options.onClose;
  }

  get selector(): Selector {
    return this.#selector;
  }

  /** Starts reading. `from` is asked once the hub is attached, so that nothing falls between [D7]. */
  start(from: (hub: Hub, steps: ReadSteps) => FeedStart | Promise<FeedStart>): void {
    if (this.#state !== 'idle') return;
    const run = this.#begin();
    this.#end = new KnownEnd(this.hub);
    this.hub.emitter.on('closed', this.#hubClosed);
    this.#guard(run, async () => {
      await this.hub.started();
      const { position, gap, isNow } = await patiently(async () => from(this.hub, run.steps), run.signal);
      this.#position = position;
      if (isNow) this.#end = null;
      this.#reports.started(this.#selector, position);
      if (gap) {
        this.#recovered = false;
        if (!this.#deliver([gap])) return;
      }
      await this.#catchUp(run);
    });
  }

  get name(): string {
    return this.#reader.name;
  }

  get group(): object | undefined {
    return this.#reader.group;
  }

  get subject(): string | undefined {
    return this.#open?.subject;
  }

  get isFull(): boolean {
    return this.#reader.isFull ?? false;
  }

  /** It has all that the hub has handed out, and is handed the rest. */
  get isLive(): boolean {
    return this.#state === 'live';
  }

  /** Hands on what comes live. */
  take(batch: Batch): boolean {
    return this.#reader.take(batch);
  }

  overflow(missed: boolean): void {
    this.fellBehind(missed ? this.hub.previous : this.hub.position, missed);
    if (this.#state === 'full') this.#reader.waitedFor(this, true);
  }

  /** Leaves the hub: the reader gets from elsewhere all that comes from here on. */
  park(): void {
    if (this.#state !== 'live') return;
    this.hub.leave(this.#selector, this);
    this.#state = 'parked';
  }

  /** Goes on where the hub stands, which is handing out nothing now. */
  unpark(): void {
    if (this.#state === 'parked') this.#join();
  }

  /**
   * The reader takes no more: its next record comes from the log.
   * @param at the last record that it took; default: the hub's
   * @param missed it may not have all that the hub hands out now
   */
  fellBehind(at?: Position, missed = false): void {
    if (this.#state === 'reading' && this.#position !== null) this.#endRun('full');
    if (this.#state === 'live') this.hub.leave(this.#selector, this);
    else if (this.#state !== 'parked') return;
    this.#position = at ?? this.hub.position;
    this.#open?.left(missed);
    this.#state = 'full';
    this.#reports.fellBehind(this.#position);
  }

  resume(): void {
    const position = this.#position;
    if (this.#state !== 'full' || position === null) return;
    const run = this.#begin();
    if (this.#synced) {
      this.hub.telemetry.instruments.refilled();
      this.#reports.tell({ at: formatCursor(position) }, 'Subscriber has room again');
    }
    this.#guard(run, async () => {
      if (this.#conflate && this.#synced) await this.#skipToLatest(run, this.#conflate);
      await this.#catchUp(run);
    });
  }

  close(): void {
    if (this.#state === 'closed') return;
    if (this.#state === 'live') this.hub.leave(this.#selector, this);
    this.#endRun('closed');
    this.#reports.tell({}, 'Subscriber ended');
    this.hub.emitter.off('closed', this.#hubClosed);
    this.#onClose();
  }

  #join(): void {
    this.#state = 'live';
    this.#run = null;
    this.#selector = this.hub.join(this.#selector, this);
    this.#open?.joined();
    this.#onLive?.();
  }

  #begin(): Run {
    this.#state = 'reading';
    this.#run = new Run(this.hub, this.#reads, this.#readRecords);
    return this.#run;
  }

  #endRun(state: 'full' | 'closed'): void {
    this.#state = state;
    this.#run?.end();
    this.#run = null;
  }

  /** False for one that was told to wait, even if it reads again by now: another goes on in its place. */
  #isReading(run: Run): boolean {
    return this.#run === run;
  }

  async #catchUp(run: Run): Promise<void> {
    while (this.#isReading(run) && this.#position !== null) {
      let position = this.#position;
      // No await between these comparisons and joining: whoever is level here misses nothing.
      if (samePosition(position, this.hub.position)) {
        if (!this.#end || this.#end.isReached(position)) return this.#goLive(position);
        await this.#end.comeOn(position, run.signal);
        continue;
      }
      const [before, hubBefore] = [position, this.hub.position];
      const chunk = await patiently(() => run.read(before), run.signal);
      if (!this.#isReading(run)) return;
      if (this.#reader.isAwaited) return this.#wait(); // and read again: what waits holds nothing
      const items: StreamRecord[] = [];
      if (chunk.gap) {
        items.push(gapRecord(chunk.gap));
        position = chunk.gap.to;
      }
      for (const record of run.steps.within(chunk)) {
        if (isBefore(this.hub.position, record)) break; // the hub will hand it out
        position = record;
        if (this.#selector.matches(record)) addItem(items, record);
      }
      if (items.some(isLoss)) this.#recovered = false;
      this.#position = position;
      this.#reports.read(chunk.records, this.#selector, before, position);
      if (items.length > 0 && !this.#deliver(items)) return;
      if (!samePosition(position, before)) continue;
      // A record waits that the hub began after; or the tail is behind, and brings what is missing, if it has not moved.
      if (chunk.isHeld && isBefore(position, this.hub.position)) await this.hub.log.released(run.signal);
      else if (samePosition(hubBefore, this.hub.position))
        await once(this.hub.emitter, 'batch', { signal: run.signal });
    }
  }

  /** Joins the hub, where it stands: told before what is open, and that it has caught up. */
  #goLive(position: Position): void {
    if (this.#open && this.#reader.isAwaited) {
      this.#wait();
      return;
    }
    for (const items of this.#open?.missing(this.#selector, position) ?? []) if (!this.#hand(items)) return;
    if (!this.#synced) {
      this.#synced = true;
      this.#end = null;
      if (!this.#deliver([syncedRecord(position, this.#recovered)])) return;
    }
    this.#reports.tell({ at: formatCursor(position), recovered: this.#recovered }, 'Subscriber is live');
    this.#join();
  }

  /** Goes to where the hub stands without delivering all that lies between, in parts if much of it is the latest. */
  async #skipToLatest(run: Run, keyOf: KeyOf): Promise<void> {
    let isLevel = false;
    while (!isLevel && this.#isReading(run) && this.#position !== null) {
      const conflation = new Conflation(this.#position, keyOf);
      try {
        isLevel = await run.reduce(conflation, this.#selector);
      } finally {
        run.steps.hold(0);
      }
      if (!this.#isReading(run)) return;
      if (this.#reader.isAwaited) return this.#wait();
      this.#position = conflation.end;
      this.#deliver(conflation.records());
    }
  }

  /** Hands items to the reader until it is full: it goes on after the last that it took. */
  #deliver(items: readonly StreamRecord[]): boolean {
    for (const batch of inBatches(items)) {
      const last = batch.at(-1);
      if (!this.#hand(batch, last === items.at(-1) ? undefined : last)) return false;
    }
    return this.#state === 'reading';
  }

  /** Hands over items at once. @param end where it goes on if the reader is full then. Default: where it stands */
  #hand(items: readonly StreamRecord[], end?: Position): boolean {
    if (this.#state !== 'reading') return false;
    this.#reports.count(items);
    this.#open?.handed(items);
    if (this.#reader.take(new Batch(items))) return this.#state === 'reading';
    if (end) this.#position = { epoch: end.epoch, seq: end.seq };
    if (this.#run !== null) this.#wait(); // unless it was ended by whoever took them
    return false;
  }

  #wait(): void {
    this.#endRun('full'); // a reader that is full for long should hold nothing
    this.#reader.waitedFor(this, false);
  }

  /** The failure of a run that is over is nobody's. */
  #guard(run: Run, work: () => Promise<void>): void {
    work().catch((error: unknown) => {
      if (this.#isReading(run)) this.#fail(error);
    });
  }

  #fail(error: unknown): void {
    if (this.#state === 'closed') return;
    this.close();
    this.#reader.fail(error);
  }

  readonly #hubClosed = (): void => this.#fail(new EventsError('CLOSED', 'The event manager was closed.'));
}

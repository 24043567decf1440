import { formatCursor, isBefore, type Position } from '../../../shared/cursor.ts';
import { onAbort } from '../../../shared/timing.ts';
import type { Bounds, Broker, Gap, LogRecord, ReadResult, Tail } from '../../broker/broker.ts';
import type { NewerVersions } from '../records/newer-versions.ts';
import { gapRecord, type StreamRecord } from '../records/stream-record.ts';
import { admittedInTurns, type RecordGate } from './admission.ts';
import { ownAsker } from './asker.ts';
import { type HeldLog, HoldingTail, type StreamSink } from './holding-tail.ts';
import { Forgetting, forgetRecords, holds, recentPages } from './recent-pages.ts';
import { patiently, STEP_RECORDS, type StepRecords } from './steps.ts';
import { type OpenSets, TopicOpen } from './topic-open.ts';
import type { LookTime, Turns } from './turns.ts';

/** Records in order with the gaps that are before them and between them. */
function withHoles(records: readonly StreamRecord[], gaps: readonly Gap[]): readonly StreamRecord[] {
  if (gaps.length === 0) return records;
  return [...records, ...gaps.map((gap) => gapRecord(gap))].sort((a, b) => a.seq - b.seq);
}

/**
 * Records right after a position, and a gap before them. What limits of types took out is a gap among the records, for
 * those who want one of the types.
 */
export interface LogPage extends StepRecords {
  readonly gap: Gap | null;
  /** True if it ends right before a record that must wait: for now, the log's end [V4]. */
  readonly isHeld?: boolean;
}

const noop = (): void => {};

/** Handle of a {@link TopicReader.tail}. */
export interface TopicTail extends Tail {
  /** True while it has ended before a record that must wait. */
  readonly isHeld: boolean;
}

/** A cause for which records wait, and the turns in which the log is read once they do no longer. */
export interface Waits {
  readonly newer: NewerVersions;
  readonly turns: Turns;
  /** Resolves when a record can be judged, undefined once it can; rejects where the log cannot be reached. Default: at once. */
  readonly ready?: (() => Promise<void> | undefined) | undefined;
}

/** One topic's log as this process reads it: the broker's, with malformed records turned away, up to one that must wait. */
export class TopicReader {
  readonly topic: string;
  /** Its open set; undefined where the catalog has no open kinds, or the broker no sets. */
  readonly open: TopicOpen | undefined;
  readonly #broker: Broker;
  readonly #admit: RecordGate;
  readonly #waits: Waits | undefined;
  readonly #now: () => number;
  /** Reads of the log that are under way, by the place before their first record. */
  readonly #reading = new Map<string, Promise<unknown>>();
  /** Bounds that are asked for in this very moment. */
  #bounds: Promise<Bounds> | null = null;

  /**
   * @param waits default: no record waits
   * @param opens default: no open kinds
   * @param now ms, by which the time is bounded in which records are admitted
   */
  constructor(
    topic: string,
    broker: Broker,
    admit: RecordGate,
    waits?: Waits,
    opens?: OpenSets,
    now: () => number = () => performance.now(),
  ) {
    this.topic = topic;
    this.open = opens && new TopicOpen(topic, opens, admit);
    this.#broker = broker;
    this.#admit = admit;
    this.#waits = waits;
    this.#now = now;
  }

  /**
   * See Broker.read. A page that another reader has, or had right before, is not read again if the log still holds it.
   * @param time waited for before records are looked at
   * @param arrived told the last place of a page before its records are checked, which is work of some ms: the log can look up
   *   what follows meanwhile
   */
  async read(
    after: Position,
    limit: number,
    time: LookTime,
    arrived?: (last: Position) => void,
  ): Promise<LogPage> {
    const ready = this.#waits?.ready?.();
    if (ready) await ready;
    const place = formatCursor(after);
    const other = this.#reading.get(place);
    if (other) await other;
    const kept = recentPages.after(this, after).slice(0, limit);
    const lastKept = kept.at(-1);
    if (lastKept) arrived?.(lastKept);
    if (kept.length > 0) {
      const now = await this.#wholeBounds();
      if (recentPages.areOutdated(this, now.erased)) forgetRecords();
      else if (holds(now, kept)) {
        await time();
        return { gap: null, records: kept };
      }
    }
    const reading = this.#readLog(after, limit, time, arrived);
    const over = reading.then(noop, noop); // its failure is told to the one who reads it
    this.#reading.set(place, over);
    void over.then(() => this.#reading.get(place) === over && this.#reading.delete(place));
    return reading;
  }

  /** As {@link read}, but of the log itself, and past records that must wait: each of those is a gap, as an unreadable one is. */
  async readPast(after: Position, limit: number, time: LookTime): Promise<LogPage> {
    const ready = this.#waits?.ready?.();
    if (ready) await ready;
    const { gap, records } = await this.#broker.read(this.topic, after, limit);
    await time();
    return { gap, records: records.map(this.#admit) };
  }

  async #readLog(
    after: Position,
    limit: number,
    time: LookTime,
    arrived?: (last: Position) => void,
  ): Promise<LogPage> {
    const forgetting = new Forgetting();
    const { gap: before, gaps = [], records, bounds } = await this.#broker.read(this.topic, after, limit);
    const last = records.at(-1);
    if (last && arrived) {
      arrived(last);
      await new Promise(setImmediate); // whatever was asked for leaves first
    }
    await time();
    const { passing, heldAt } = this.#upToHeld(records);
    const all = await admittedInTurns(passing, this.#admit, time, this.#now);
    const isCut = all.length < passing.length;
    const end = isCut ? all.at(-1) : heldAt;
    const gap = before?.types ? null : before;
    const holes = before?.types ? [before, ...gaps] : gaps;
    const admitted = withHoles(all, end ? holes.filter(({ to }) => to.seq <= end.seq) : holes);
    // What was read before records were erased, and admitted after, would keep them.
    if (forgetting.hasHappened) forgetting.repeat();
    else if (!gap && admitted.length > 0) recentPages.keep(this, admitted, bounds.erased);
    await time(); // to admit them may have taken all that there was
    return { gap, records: admitted, isHeld: heldAt !== null && !isCut, isCut };
  }

  /** See Broker.bounds. A record that is known to wait is beyond them: then they are held. */
  async bounds(): Promise<Bounds & { isHeld?: true }> {
    const bounds = await this.#wholeBounds();
    const place = this.#placeWithin(bounds);
    return place ? { ...bounds, last: Math.min(bounds.last, place.seq), isHeld: true } : bounds;
  }

  /** Tells if a record that is known to wait lies before a position. @param bounds of the log now */
  isHeldBefore(position: Position, bounds: Bounds): boolean {
    const place = this.#placeWithin(bounds);
    return place !== undefined && isBefore(place, position);
  }

  /** The place before a record that is known to wait; undefined where there is none, or it is gone by now. */
  #placeWithin({ epoch, first }: Bounds): Position | undefined {
    const place = this.#waits?.newer.placeIn(this.topic);
    return place?.epoch === epoch && place.seq >= first - 1 ? place : undefined;
  }

  /** Resolves when no record must wait any more. @throws the signal's reason */
  async released(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const waits = this.#waits;
    if (!waits) return;
    await new Promise<void>((resolve, reject) => {
      let letGo: (() => void) | undefined;
      const cancel = waits.newer.whenOver(() => {
        letGo?.();
        resolve();
      });
      letGo = onAbort(signal, () => {
        cancel();
        reject(signal.reason);
      });
    });
  }

  /** The position right before the first record appended at or after an ISO 8601 time. */
  seek(at: string): Promise<Position> {
    return this.#broker.seek(this.topic, Date.parse(at));
  }

  /**
   * See Broker.tail; records reach the sink already admitted, up to one that must wait, and go on when it does no longer.
   * @throws the signal's reason where it is given up before it is attached
   */
  async tail(sink: StreamSink, signal?: AbortSignal): Promise<TopicTail> {
    const ready = this.#waits?.ready?.();
    // A tail follows the log when it can: whatever is not known by then is not believed.
    if (ready) await ready.catch(() => {});
    const log: HeldLog = {
      admit: (records) => {
        const { passing, heldAt } = this.#upToHeld(records);
        const admitted = passing.map(this.#admit);
        if (admitted.some(({ erases }) => erases)) forgetRecords();
        return { records: admitted, heldAt };
      },
      read: (after, signal) => patiently(() => this.#readInTurn(after, signal), signal),
      whenOver: (call) => this.#waits?.newer.whenOver(call) ?? (() => {}),
    };
    const holding = new HoldingTail(log, sink);
    const tail = await this.#broker.tail(this.topic, holding, signal);
    return {
      get isHeld() {
        return holding.isHeld;
      },
      close() {
        holding.close();
        tail.close();
      },
    };
  }

  /** The log's own. Who asks at the same moment has the same answer: it was asked for after all of them. */
  #wholeBounds(): Promise<Bounds> {
    this.#bounds ??= Promise.resolve().then(() => {
      this.#bounds = null;
      return this.#broker.bounds(this.topic);
    });
    return this.#bounds;
  }

  /** The records up to one that must wait; then `heldAt` is the place right before it. */
  #upToHeld(records: readonly LogRecord[]): { passing: readonly LogRecord[]; heldAt: Position | null } {
    const first = this.#waits?.newer.firstHeld(this.topic, records) ?? -1;
    const held = records[first];
    return {
      passing: held ? records.slice(0, first) : records,
      heldAt: held ? { epoch: held.epoch, seq: held.seq - 1 } : null,
    };
  }

  #readInTurn(after: Position, signal: AbortSignal): Promise<ReadResult> {
    const read = () => this.#broker.read(this.topic, after, STEP_RECORDS);
    return this.#waits?.turns.run(ownAsker(), read, signal) ?? read();
  }
}

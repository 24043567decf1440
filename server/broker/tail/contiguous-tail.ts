import type { Position } from '../../../shared/cursor.ts';
import type { Bounds, Gap, LogRecord, ReadResult, TailSink } from '../broker.ts';

/** Most records, and characters of their JSON, kept while the log is read. Those beyond are read from the log later. */
const MAX_AHEAD = 10_000;
const MAX_AHEAD_CHARS = 8 * 1024 * 1024;

const NO_SINK: TailSink = { start() {}, records() {}, gap() {} };

/**
 * Merges announced records and records read from the log into one contiguous sequence. Announcements are a hint: they are
 * passed on if they follow on the last record passed on. The log is the truth: it is read whenever they do not.
 *
 * This class calls the sink. Its owner reads the log, each time that `start`, `offer` or `take` returned false.
 */
export class ContiguousTail {
  #sink: TailSink;
  #position: Position | null = null;
  /** Announced batches that do not follow on the position yet. */
  #ahead: (readonly LogRecord[])[] = [];
  #aheadCount = 0;
  #aheadChars = 0;
  /** True if announced records were dropped, as too many to keep. */
  #hasDropped = false;

  constructor(sink: TailSink) {
    this.#sink = sink;
  }

  /** The place of the last record passed on; null before the start. */
  get position(): Position | null {
    return this.#position;
  }

  /** Nothing reaches the sink any more. */
  close(): void {
    this.#sink = NO_SINK;
  }

  /** Starts at the log's end, as read after announcements began to arrive. @returns false if the log must be read */
  start({ epoch, last }: Bounds): boolean {
    this.#position = { epoch, seq: last };
    this.#sink.start(this.#position);
    return this.#passAhead();
  }

  /** Takes announced records, contiguous among themselves. @returns false if the log must be read for those before them */
  offer(batch: readonly LogRecord[]): boolean {
    if (this.#ahead.length === 0 && this.#pass(batch)) return true;
    const count = this.#aheadCount + batch.length;
    const chars = this.#aheadChars + charsOf(batch);
    if (count > MAX_AHEAD || chars > MAX_AHEAD_CHARS) {
      this.#hasDropped = true;
    } else {
      this.#ahead.push(batch);
      this.#aheadCount = count;
      this.#aheadChars = chars;
    }
    return false;
  }

  /** Forgets the announced records: the log is about to be read, and holds them. */
  beginRead(): void {
    this.#ahead = [];
    this.#aheadCount = 0;
    this.#aheadChars = 0;
    this.#hasDropped = false;
  }

  /** Takes a page, read after `position`. @returns false if there is more to be read */
  take({ gap, gaps = [], records, bounds }: ReadResult): boolean {
    if (gap) this.#skip(gap);
    let passed = 0;
    for (const hole of gaps) {
      const end = records.findIndex(({ seq }) => seq > hole.from.seq);
      this.#pass(records.slice(passed, end));
      this.#skip(hole);
      passed = end;
    }
    this.#pass(passed === 0 ? records : records.slice(passed));
    return this.#passAhead() && (this.#position?.seq ?? 0) >= bounds.last;
  }

  /** Passes on the kept announcements that follow on the position. @returns false if some do not */
  #passAhead(): boolean {
    while (this.#ahead[0] && this.#pass(this.#ahead[0])) {
      this.#aheadCount -= this.#ahead[0].length;
      this.#aheadChars -= charsOf(this.#ahead[0]);
      this.#ahead.shift();
    }
    return this.#ahead.length === 0 && !this.#hasDropped;
  }

  /** Passes on the records of a batch that are new. @returns false if they do not follow on the position */
  #pass(batch: readonly LogRecord[]): boolean {
    const [first, last] = [batch[0], batch.at(-1)];
    const position = this.#position;
    if (!first || !last) return true;
    if (position?.epoch !== first.epoch || first.seq > position.seq + 1) return false;
    if (last.seq <= position.seq) return true;
    this.#position = { epoch: last.epoch, seq: last.seq };
    this.#sink.records(batch.slice(position.seq + 1 - first.seq));
    return true;
  }

  #skip(gap: Gap): void {
    const from = this.#position ?? gap.from;
    const sameEpoch = gap.to.epoch === from.epoch && gap.reason !== 'epoch_changed';
    if (sameEpoch && gap.to.seq <= from.seq) return; // announced while the log was read
    this.#position = gap.to;
    const lost = sameEpoch && gap.lost !== null ? gap.to.seq - from.seq : gap.lost;
    this.#sink.gap({ ...gap, from, lost });
  }
}

function charsOf(batch: readonly LogRecord[]): number {
  return batch.reduce((sum, { json }) => sum + json.length, 0);
}

import type { Position } from '../../../shared/cursor.ts';
import type { Bounds, Gap, LogRecord, ReadResult, TailSink } from '../broker.ts';

/** Records, and characters of their JSON, kept while the log is read; those beyond it are read from the log later. */
const MAX_AHEAD = 10_000;
const MAX_AHEAD_CHARS = 8 * 1024 * 1024;

const NOWHERE: TailSink = { start() {}, records() {}, gap() {} };

/**
 * Puts what was announced and what was read from the log into one sequence. Announcements are a hint: they are
 * passed on if they follow on what was passed on before. The log is the truth: it is read whenever they do not.
 *
 * It decides and calls the sink; when to read is up to its owner: after `offer` or `take` returned false.
 */
export class ContiguousTail {
  #sink: TailSink;
  #position: Position | null = null;
  /** Announced, but not contiguous yet. */
  #ahead: (readonly LogRecord[])[] = [];
  #aheadCount = 0;
  #aheadChars = 0;
  #forgotten = false;

  constructor(sink: TailSink) {
    this.#sink = sink;
  }

  /** The place of the last record passed on; null before the start. */
  get position(): Position | null {
    return this.#position;
  }

  /** Nothing reaches the sink any more. */
  close(): void {
    this.#sink = NOWHERE;
  }

  /** From the log's end, as it was once announcements arrived. */
  start({ epoch, last }: Bounds): boolean {
    this.#position = { epoch, seq: last };
    this.#sink.start(this.#position);
    return this.#passAhead();
  }

  /** Contiguous records were announced. @returns false if what lies before them has to be read from the log */
  offer(batch: readonly LogRecord[]): boolean {
    if (this.#ahead.length === 0 && this.#pass(batch)) return true;
    const count = this.#aheadCount + batch.length;
    const chars = this.#aheadChars + charsOf(batch);
    if (count > MAX_AHEAD || chars > MAX_AHEAD_CHARS) {
      this.#forgotten = true;
    } else {
      this.#ahead.push(batch);
      this.#aheadCount = count;
      this.#aheadChars = chars;
    }
    return false;
  }

  /** The log is about to be read: it holds everything that was announced until now. */
  reading(): void {
    this.#ahead = [];
    this.#aheadCount = 0;
    this.#aheadChars = 0;
    this.#forgotten = false;
  }

  /** The log was read after what was `position` then. @returns false if there is more to be read */
  take({ gap, records, bounds }: ReadResult): boolean {
    if (gap) this.#skip(gap);
    if (records.length > 0) this.#pass(records);
    return this.#passAhead() && (this.#position?.seq ?? 0) >= bounds.last;
  }

  /** Passes on what was announced meanwhile, as far as it follows. @returns false if a part of it does not */
  #passAhead(): boolean {
    while (this.#ahead[0] && this.#pass(this.#ahead[0])) {
      this.#aheadCount -= this.#ahead[0].length;
      this.#aheadChars -= charsOf(this.#ahead[0]);
      this.#ahead.shift();
    }
    return this.#ahead.length === 0 && !this.#forgotten;
  }

  /** Passes on those records that are new. @returns false if they do not follow on the position */
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

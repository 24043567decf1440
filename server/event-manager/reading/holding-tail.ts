import type { Position } from '../../../shared/cursor.ts';
import type { Gap, LogRecord, ReadResult, TailSink } from '../../broker/broker.ts';
import type { OpenSink } from '../../broker/open/open-events.ts';
import { ContiguousTail } from '../../broker/tail/contiguous-tail.ts';
import type { StreamRecord } from '../records/stream-record.ts';

/** Receiver of a topic's records as this process reads them; as a TailSink. */
export interface StreamSink {
  start(position: Position): void;
  records(records: readonly StreamRecord[]): void;
  gap(gap: Gap): void;
  /** See TailSink.open. While records wait, it is told what comes after them nevertheless: it has to wait too. */
  readonly open?: OpenSink | undefined;
}

/** A topic's log, as a {@link HoldingTail} asks for it. */
export interface HeldLog {
  /** Lets records into the process, up to one that must wait: then `heldAt` is the place right before it. */
  admit(records: readonly LogRecord[]): { records: readonly StreamRecord[]; heldAt: Position | null };
  /** Reads a page, in its turn, as soon as the log can be reached. */
  read(after: Position, signal: AbortSignal): Promise<ReadResult>;
  /** Calls once when nothing must wait any more. Returns a function that cancels it. */
  whenOver(call: () => void): () => void;
}

/**
 * A topic's tail, which ends right before a record that must wait [V4]. Meanwhile it holds nothing: what comes is in the
 * log, which is read once it goes on, until it is level with the tail again.
 */
export class HoldingTail implements TailSink {
  readonly open: OpenSink | undefined;
  readonly #log: HeldLog;
  readonly #sink: StreamSink;
  readonly #closed = new AbortController();
  #isHeld = false;
  #cancel = (): void => {};
  /** Joins records of the tail to those read from the log; null before it was held for the first time. */
  #joined: ContiguousTail | null = null;
  /** The one for which the log is being read. */
  #reading: ContiguousTail | null = null;

  constructor(log: HeldLog, sink: StreamSink) {
    this.#log = log;
    this.#sink = sink;
    this.open = sink.open;
  }

  /** Tells if a record must wait. */
  get isHeld(): boolean {
    return this.#isHeld;
  }

  start(position: Position): void {
    this.#sink.start(position);
  }

  records(records: readonly LogRecord[]): void {
    if (this.#isHeld) return;
    if (this.#joined === null) this.#pass(records);
    else if (!this.#joined.offer(records)) void this.#readOn(this.#joined);
  }

  gap(gap: Gap): void {
    if (this.#isHeld) return;
    if (this.#joined === null) this.#sink.gap(gap);
    else void this.#readOn(this.#joined); // the log tells it in its place
  }

  /** Nothing reaches the sink any more, and nothing is waited for. */
  close(): void {
    this.#closed.abort();
    this.#cancel();
    this.#joined?.close();
  }

  readonly #pass = (batch: readonly LogRecord[]): void => {
    const { records, heldAt } = this.#log.admit(batch);
    if (records.length > 0) this.#sink.records(records);
    if (heldAt === null || this.#closed.signal.aborted) return;
    this.#isHeld = true;
    this.#joined?.close();
    this.#cancel = this.#log.whenOver(() => this.#goOn(heldAt));
  };

  #goOn({ epoch, seq }: Position): void {
    this.#isHeld = false;
    const joined = new ContiguousTail({
      start() {},
      records: this.#pass,
      gap: (gap) => this.#sink.gap(gap),
    });
    this.#joined = joined;
    joined.start({ epoch, first: 1, last: seq });
    void this.#readOn(joined);
  }

  /** Reads the log until it is level with the tail. It ends with an error only if the broker is closed. */
  async #readOn(joined: ContiguousTail): Promise<void> {
    if (this.#reading === joined) return;
    this.#reading = joined;
    const { signal } = this.#closed;
    try {
      for (let isLevel = false; !isLevel && !this.#isOver(joined) && joined.position; ) {
        joined.beginRead();
        const page = await this.#log.read(joined.position, signal);
        isLevel = joined.take(page);
      }
    } catch {
      // closed: whoever follows the topic is told by its hub
    } finally {
      if (this.#reading === joined) this.#reading = null;
    }
  }

  /** Tells if another goes on in its place, or nothing does. */
  #isOver(joined: ContiguousTail): boolean {
    return this.#closed.signal.aborted || this.#isHeld || this.#joined !== joined;
  }
}

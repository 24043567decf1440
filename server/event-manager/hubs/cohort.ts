import type { Telemetry } from '../../telemetry/telemetry.ts';
import { countDelivered, traceDelivered } from '../records/reports.ts';
import type { StreamRecord } from '../records/stream-record.ts';
import { Batch, type Sink } from './hub.ts';

/** Sinks that select alike, and so get the same batches. Metrics and traces are told here who got what. */
export class Cohort {
  readonly #telemetry: Telemetry;
  readonly #sinks = new Set<Sink>();
  /** Number of sinks of each group. */
  readonly #groups = new Map<object, number>();

  constructor(telemetry: Telemetry) {
    this.#telemetry = telemetry;
  }

  get isEmpty(): boolean {
    return this.#sinks.size === 0;
  }

  /** All that these sinks hand to. */
  get subscribers(): Sink[] {
    return [...this.#sinks].flatMap((sink) => sink.subscribers?.() ?? [sink]);
  }

  add(sink: Sink): void {
    this.#sinks.add(sink);
    if (sink.group) this.#count(sink.group, 1);
  }

  /** @returns false if it was not there */
  delete(sink: Sink): boolean {
    if (!this.#sinks.delete(sink)) return false;
    if (sink.group) this.#count(sink.group, -1);
    return true;
  }

  /**
   * Hands a batch to every sink that has room. The others, and those that have none left, learn so after all.
   * @param records of the topic, which the batch was made of
   */
  hand(batch: Batch, topic: string, records: readonly StreamRecord[] = batch.records): void {
    const { instruments, tracing } = this.#telemetry;
    const full: Sink[] = [];
    const missed: Sink[] = [];
    let handed = 0;
    const parts = new BatchParts(batch);
    for (const sink of this.#sinks) {
      const part = parts.of(sink);
      if (part === null) continue;
      // A client may have any number of sinks, here and elsewhere: one of them fills it for all.
      if (sink.isFull) {
        missed.push(sink);
        continue;
      }
      if (!sink.subscribers) handed++;
      if (!sink.take(part)) full.push(sink);
    }
    if (handed > 0) {
      countDelivered(instruments, records, handed);
      traceDelivered(tracing, topic, records, handed);
    }
    for (const sink of full) sink.overflow(false);
    for (const sink of missed) sink.overflow(true);
  }

  #count(group: object, change: 1 | -1): void {
    const before = this.#groups.get(group) ?? 0;
    const after = before + change;
    if (after === 0) this.#groups.delete(group);
    else this.#groups.set(group, after);
    if (before === 0 || after === 0) this.#telemetry.instruments.grouped(change);
  }
}

/** A batch in which some items may be for single subjects: each sink's part of it, made once for all that get the same. */
class BatchParts {
  readonly #batch: Batch;
  /** Subjects that items are for; null if all are for everybody. */
  readonly #subjects: ReadonlySet<string> | null;
  readonly #parts = new Map<string | undefined, Batch | null>();

  constructor(batch: Batch) {
    this.#batch = batch;
    const own = batch.records.flatMap(({ only }) => only ?? []);
    this.#subjects = own.length > 0 ? new Set(own) : null;
  }

  /** Null: nothing. A sink of several subscribers gets all, and hands out the parts. */
  of({ subscribers, subject }: Sink): Batch | null {
    if (this.#subjects === null || subscribers) return this.#batch;
    const key = subject !== undefined && this.#subjects.has(subject) ? subject : undefined;
    let part = this.#parts.get(key);
    if (part === undefined) {
      const records = this.#batch.records.filter(({ only }) => only === undefined || only === key);
      part = records.length > 0 ? new Batch(records) : null;
      this.#parts.set(key, part);
    }
    return part;
  }
}

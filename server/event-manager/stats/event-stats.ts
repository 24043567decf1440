import type { Instruments } from '../../telemetry/telemetry.ts';
import type { Hub } from '../hubs/hub.ts';
import { isToldAgain } from '../records/open-state.ts';
import { countGap } from '../records/reports.ts';
import { isNoticeType } from '../records/stream-record.ts';

/** Counts of this process since it started; the answer of the `stats` query. */
export interface EventStats {
  /** ISO 8601. */
  startedAt: string;
  /** ISO 8601 time of this answer, by the clock that events without a time of their own are stamped by. */
  now: string;
  /** Events accepted for publishing by this process, per type. */
  published: Record<string, number>;
  /** Events handed out by this process's hubs, per type; topics that nobody follows are not counted. */
  received: Record<string, number>;
  /** ISO 8601 time at which the last event was handed out, or null. */
  lastEventAt: string | null;
  /** Publishes in flight to the broker, throttled ones that wait included. */
  queueSize: number;
  /** The `queueSize` at which publishing is refused with OVERLOADED. */
  queueLimit: number;
  /** Open subscriptions of clients. */
  subscribers: number;
  /** In-process listeners. */
  listeners: number;
  /** Topics followed by this process. */
  topics: string[];
  errors: {
    /** Publishes refused because the event was not valid. */
    invalid: number;
    overloaded: number;
    /** Publishes that the broker failed. */
    unavailable: number;
    /** Listeners that threw or rejected. */
    listener: number;
    /** Records found in the log that were not valid events. */
    malformed: number;
  };
  /** Number of records found in the log that were not valid events, by type and version: `<type> <version>`. */
  malformed: Record<string, number>;
}

/** Counts per name. */
export class Counts {
  readonly #counts = new Map<string, number>();

  add(name: string, count = 1): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + count);
  }

  /** Every name given, 0 where nothing was counted. */
  toRecord(names: readonly string[]): Record<string, number> {
    return Object.fromEntries(names.map((name) => [name, this.#counts.get(name) ?? 0]));
  }
}

/** Counts what this process's hubs hand out, and who is there to take it. */
export class DeliveryStats {
  /** Events handed out, per type. */
  readonly counts = new Counts();
  /** Open subscriptions of clients. */
  subscribers = 0;
  readonly #instruments: Instruments;
  #lastEventAt: number | null = null;

  constructor(instruments: Instruments) {
    this.#instruments = instruments;
  }

  /** ISO 8601, or null before the first event. */
  get lastEventAt(): string | null {
    return this.#lastEventAt === null ? null : new Date(this.#lastEventAt).toISOString();
  }

  /** Counts a subscriber until the returned function is called, once; it releases what the subscriber used. */
  subscriberCame(used: { release(): void }): () => void {
    this.subscribers++;
    return () => {
      this.subscribers--;
      used.release();
    };
  }

  watch(hub: Hub): void {
    hub.emitter.on('batch', (records) => {
      this.#lastEventAt = Date.now();
      for (const record of records) {
        if (isNoticeType(record.type)) countGap(this.#instruments, record);
        else if (!isToldAgain(record)) this.counts.add(record.type);
      }
    });
  }
}

import type { Instruments } from '../../telemetry/instruments.ts';
import type { TopicHub } from '../hubs/topic-hub.ts';
import { countGap, isNoticeType } from '../records/stream-record.ts';
import { Counts } from '../stats/counts.ts';

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

  /** Counts a subscriber until the returned function is called, once. */
  subscriberCame(onLeft: () => void): () => void {
    this.subscribers++;
    return () => {
      this.subscribers--;
      onLeft();
    };
  }

  watch(hub: TopicHub): void {
    hub.emitter.on('batch', (records) => {
      this.#lastEventAt = Date.now();
      for (const record of records) {
        if (isNoticeType(record.type)) countGap(this.#instruments, record);
        else this.counts.add(record.type);
      }
    });
  }
}

import { Counts } from './counts.ts';
import { isNoticeType } from './stream-record.ts';
import type { TopicHub } from './topic-hub.ts';

/** Counts what this process's hubs hand out, and who is there to take it. */
export class Receiving {
  /** Events handed out, per type. */
  readonly counts = new Counts();
  /** Open subscriptions of clients. */
  subscribers = 0;
  #lastEventAt: number | null = null;

  /** ISO 8601, or null before the first event. */
  get lastEventAt(): string | null {
    return this.#lastEventAt === null ? null : new Date(this.#lastEventAt).toISOString();
  }

  watch(hub: TopicHub): void {
    hub.emitter.on('batch', (records) => {
      this.#lastEventAt = Date.now();
      for (const { type } of records) if (!isNoticeType(type)) this.counts.add(type);
    });
  }
}

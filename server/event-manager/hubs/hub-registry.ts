import type { Telemetry } from '../../telemetry/telemetry.ts';
import type { TopicReader } from '../reading/topic-reader.ts';
import { RecentBudget } from '../records/recent-records.ts';
import { type HubLease, lease, type SharedHub } from './hub.ts';
import { TopicHub } from './topic-hub.ts';

interface Entry extends SharedHub {
  readonly hub: TopicHub;
  closing: NodeJS.Timeout | undefined;
}

/** The hubs of this process: opened by their first user, closed a while after their last one. */
export class HubRegistry {
  readonly #log: (topic: string) => TopicReader;
  readonly #watch: Telemetry;
  readonly #opened: (hub: TopicHub) => void;
  readonly #lingerMs: number;
  readonly #recent = new RecentBudget();
  readonly #entries = new Map<string, Entry>();

  /**
   * @param opened called with every new hub
   * @param lingerMs how long an unused hub stays, so that a reconnecting client finds it
   */
  constructor(
    log: (topic: string) => TopicReader,
    watch: Telemetry,
    opened: (hub: TopicHub) => void,
    lingerMs: number,
  ) {
    this.#log = log;
    this.#watch = watch;
    this.#opened = opened;
    this.#lingerMs = lingerMs;
  }

  get topics(): string[] {
    return [...this.#entries.keys()];
  }

  /** The hubs, those that were opened first at first. */
  get hubs(): TopicHub[] {
    return Array.from(this.#entries.values(), ({ hub }) => hub);
  }

  acquire(topic: string): HubLease {
    let entry = this.#entries.get(topic);
    if (!entry) {
      entry = {
        hub: new TopicHub(this.#log(topic), this.#watch, this.#recent),
        users: 0,
        closing: undefined,
      };
      this.#entries.set(topic, entry);
      this.#opened(entry.hub);
    }
    const held = entry;
    clearTimeout(held.closing);
    return lease(held, () => {
      held.closing = setTimeout(() => this.#close(topic, held), this.#lingerMs).unref();
    });
  }

  close(): void {
    for (const [topic, entry] of this.#entries) this.#close(topic, entry);
  }

  #close(topic: string, entry: Entry): void {
    clearTimeout(entry.closing);
    entry.hub.close();
    if (this.#entries.get(topic) === entry) this.#entries.delete(topic);
  }
}

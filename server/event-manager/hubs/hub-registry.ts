import { AgingMap } from '../../memory/aging-map.ts';
import type { Telemetry } from '../../telemetry/telemetry.ts';
import type { Asker, HeldRecords } from '../reading/asker.ts';
import type { TopicReader } from '../reading/topic-reader.ts';
import { RecentBudget } from '../records/recent-records.ts';
import type { Hub } from './hub.ts';
import { PacedHub, type Pacing } from './paced-hub.ts';
import { TopicHub } from './topic-hub.ts';

/** Each asks the broker. */
const MAX_LAGS = 100;
/**
 * Hubs that stay without a user. Each takes some 10 KiB, and a client may leave thousands of topics a second: beyond that
 * number the one without a user for longest is closed, for a time alone bounds no memory.
 */
const MAX_UNUSED = 1000;

/** A hub that somebody uses: it stays open until `release`. */
export interface HubLease<H extends Hub = Hub> {
  readonly hub: H;
  release(): void;
}

/** A hub with the number of its users. */
interface SharedHub {
  readonly hub: Hub;
  users: number;
  /** Called when the last user has released it. */
  readonly unused: () => void;
}

/** The lease of one more user. */
class Lease implements HubLease {
  readonly #shared: SharedHub;
  #released = false;

  constructor(shared: SharedHub) {
    this.#shared = shared;
    shared.users++;
  }

  get hub(): Hub {
    return this.#shared.hub;
  }

  release(): void {
    if (this.#released) return;
    this.#released = true;
    if (--this.#shared.users === 0) this.#shared.unused();
  }
}

interface Entry extends SharedHub {
  readonly hub: TopicHub;
  closing: NodeJS.Timeout | undefined;
}

/** The hubs of this process: opened by their first user, closed a while after their last one, or sooner if too many have none. */
export class HubRegistry {
  readonly #log: (topic: string) => TopicReader;
  readonly #telemetry: Telemetry;
  readonly #opened: (hub: TopicHub) => void;
  readonly #lingerMs: number;
  readonly #recent = new RecentBudget();
  readonly #entries = new Map<string, Entry>();
  /** Hubs without a user, by topic, the one left first at first. */
  readonly #unused = new AgingMap<string, Entry>();

  /**
   * @param opened called with every new hub
   * @param lingerMs how long an unused hub stays, so that a reconnecting client finds it
   */
  constructor(
    log: (topic: string) => TopicReader,
    telemetry: Telemetry,
    opened: (hub: TopicHub) => void,
    lingerMs: number,
  ) {
    this.#log = log;
    this.#telemetry = telemetry;
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

  /** By how many records the hub that is furthest behind its log is behind, of the first 100; null where that is not known. */
  async lag(): Promise<number | null> {
    const lags = await Promise.all(this.hubs.slice(0, MAX_LAGS).map((hub) => hub.lag()));
    return lags.reduce<number | null>(
      (most, lag) => (most === null || lag === null ? null : Math.max(most, lag)),
      0,
    );
  }

  acquire(topic: string): HubLease {
    const entry = this.#entries.get(topic) ?? this.#open(topic);
    clearTimeout(entry.closing);
    this.#unused.delete(topic);
    return new Lease(entry);
  }

  /** Notes that this process has written to a topic, up to a cursor: who follows it is told so far before `stream_synced` [D5]. */
  wrote(topic: string, cursor: string): void {
    this.#entries.get(topic)?.hub.wrote(cursor);
  }

  close(): void {
    for (const [topic, entry] of this.#entries) this.#close(topic, entry);
  }

  #open(topic: string): Entry {
    const entry: Entry = {
      hub: new TopicHub(this.#log(topic), this.#telemetry, this.#recent),
      users: 0,
      closing: undefined,
      unused: () => this.#linger(topic, entry),
    };
    this.#entries.set(topic, entry);
    this.#opened(entry.hub);
    return entry;
  }

  #linger(topic: string, entry: Entry): void {
    if (this.#entries.get(topic) !== entry) return;
    // At a record that must wait, nobody's hub would look as if somebody did.
    const lingerMs = entry.hub.isHeld ? 0 : this.#lingerMs;
    entry.closing = setTimeout(() => this.#close(topic, entry), lingerMs).unref();
    this.#unused.set(topic, entry);
    const { oldest } = this.#unused;
    if (oldest && this.#unused.size > MAX_UNUSED) this.#close(oldest.key, oldest.value);
  }

  #close(topic: string, entry: Entry): void {
    entry.hub.close();
    clearTimeout(entry.closing); // its last user may have gone with it
    if (this.#entries.get(topic) !== entry) return;
    this.#entries.delete(topic);
    this.#unused.delete(topic);
  }
}

/** The paced hubs of this process: one for all who want the same of a topic at the same pace. */
export class PacedHubs {
  readonly #held: HeldRecords;
  readonly #entries = new Map<string, SharedHub>();

  constructor(held: HeldRecords) {
    this.#held = held;
  }

  /**
   * @param key equal for equal topics and pacings
   * @param open opens the topic's own hub
   * @param asker for whom: what the hub holds counts for the first
   */
  acquire(key: string, open: () => HubLease, pacing: Pacing, asker: Asker): HubLease {
    return new Lease(this.#entries.get(key) ?? this.#open(key, open(), pacing, asker));
  }

  #open(key: string, topic: HubLease, pacing: Pacing, asker: Asker): SharedHub {
    const hub = new PacedHub(topic.hub, pacing, this.#held, asker);
    const entry: SharedHub = {
      hub,
      users: 0,
      unused: () => {
        if (this.#entries.get(key) === entry) this.#entries.delete(key);
        hub.close();
        topic.release();
      },
    };
    this.#entries.set(key, entry);
    return entry;
  }
}

import type { LogEntry, PublishResult } from '../../../shared/log.ts';

/** Bounds of a group: large enough that the cost of a script call per entry is small, small enough that Redis begins early. */
const GROUP_ENTRIES = 128;
const GROUP_CHARS = 256 * 1024;

interface Group {
  readonly topic: string;
  readonly entries: LogEntry[];
  chars: number;
  readonly waiting: { count: number; resolve: (r: PublishResult[]) => void; reject: (e: unknown) => void }[];
}

/**
 * Sends the publishes of one topic and one turn of the event loop to Redis together. Each stays atomic. If Redis refuses or
 * cannot be reached, they fail together.
 */
export class PublishQueue {
  readonly #send: (topic: string, entries: readonly LogEntry[]) => Promise<PublishResult[]>;
  #groups = new Map<string, Group>();

  constructor(send: (topic: string, entries: readonly LogEntry[]) => Promise<PublishResult[]>) {
    this.#send = send;
  }

  publish(topic: string, entries: readonly LogEntry[]): Promise<PublishResult[]> {
    return new Promise((resolve, reject) => {
      const group = this.#groupFor(topic, entries.length);
      for (const entry of entries) {
        group.entries.push(entry);
        group.chars += entry.json.length;
      }
      group.waiting.push({ count: entries.length, resolve, reject });
    });
  }

  /** Sends all groups that wait. */
  flush(): void {
    const groups = this.#groups;
    this.#groups = new Map();
    for (const group of groups.values()) this.#deliver(group);
  }

  #groupFor(topic: string, count: number): Group {
    const open = this.#groups.get(topic);
    if (open && open.entries.length + count <= GROUP_ENTRIES && open.chars <= GROUP_CHARS) return open;
    if (open) this.#deliver(open);
    else if (this.#groups.size === 0) setImmediate(() => this.flush());
    const group: Group = { topic, entries: [], chars: 0, waiting: [] };
    this.#groups.set(topic, group);
    return group;
  }

  #deliver({ topic, entries, waiting }: Group): void {
    this.#send(topic, entries).then(
      (results) => {
        let from = 0;
        for (const { count, resolve } of waiting) {
          resolve(results.slice(from, from + count));
          from += count;
        }
      },
      (error) => {
        for (const { reject } of waiting) reject(error);
      },
    );
  }
}

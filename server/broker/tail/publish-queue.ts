import type { LogEntry, PublishResult } from '../../../shared/log.ts';

/** Bounds of a group: large enough that the cost of a script call per entry is small, small enough that Redis begins early. */
const GROUP_ENTRIES = 128;
const GROUP_CHARS = 256 * 1024;

/** Entries of one caller, in a group. */
interface Waiting {
  readonly count: number;
  readonly resolve: (results: PublishResult[]) => void;
  readonly reject: (error: unknown) => void;
}

interface Group {
  readonly entries: LogEntry[];
  chars: number;
  readonly waiting: Waiting[];
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

  /** One promise for each call, since a publish is most of what a busy process does. */
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
    for (const [topic, group] of groups) this.#deliver(topic, group);
  }

  #groupFor(topic: string, count: number): Group {
    const open = this.#groups.get(topic);
    if (open && open.entries.length + count <= GROUP_ENTRIES && open.chars <= GROUP_CHARS) return open;
    if (open) this.#deliver(topic, open);
    else if (this.#groups.size === 0) setImmediate(() => this.flush());
    const group: Group = { entries: [], chars: 0, waiting: [] };
    this.#groups.set(topic, group);
    return group;
  }

  async #deliver(topic: string, { entries, waiting }: Group): Promise<void> {
    try {
      const results = await this.#send(topic, entries);
      let from = 0;
      for (const { count, resolve } of waiting) {
        resolve(results.slice(from, from + count));
        from += count;
      }
    } catch (error) {
      for (const { reject } of waiting) reject(error);
    }
  }
}

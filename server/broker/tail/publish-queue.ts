import type { LogEntry, PublishResult } from '../../../shared/log.ts';

/** Bounds of a group: large enough that the cost of a script call per entry is small, small enough that Redis begins early. */
const GROUP_ENTRIES = 128;
const GROUP_CHARS = 256 * 1024;

interface Group {
  readonly entries: LogEntry[];
  chars: number;
  readonly results: Promise<PublishResult[]>;
  /** Sends it. */
  readonly deliver: () => void;
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

  async publish(topic: string, entries: readonly LogEntry[]): Promise<PublishResult[]> {
    const group = this.#groupFor(topic, entries.length);
    const from = group.entries.length;
    for (const entry of entries) {
      group.entries.push(entry);
      group.chars += entry.json.length;
    }
    return (await group.results).slice(from, from + entries.length);
  }

  /** Sends all groups that wait. */
  flush(): void {
    const groups = this.#groups;
    this.#groups = new Map();
    for (const group of groups.values()) group.deliver();
  }

  #groupFor(topic: string, count: number): Group {
    const open = this.#groups.get(topic);
    if (open && open.entries.length + count <= GROUP_ENTRIES && open.chars <= GROUP_CHARS) return open;
    if (open) open.deliver();
    else if (this.#groups.size === 0) setImmediate(() => this.flush());
    const group = this.#open(topic);
    this.#groups.set(topic, group);
    return group;
  }

  #open(topic: string): Group {
    const entries: LogEntry[] = [];
    let deliver: () => void = () => {};
    const results = new Promise<PublishResult[]>((resolve) => {
      deliver = () => resolve(this.#send(topic, entries));
    });
    return { entries, chars: 0, results, deliver };
  }
}

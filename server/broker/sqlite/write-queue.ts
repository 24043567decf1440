import { setImmediate } from 'node:timers/promises';
import type { TopicLog } from './topics/topic-log.ts';

/** A publish, an erasing with its notices, or a change of an open set. */
export interface Write {
  readonly topic: string;
  /** Number of entries that it appends, about. */
  readonly entries: number;
  readonly erases: boolean;
  /** A further part of the same erasing follows. */
  readonly more?: boolean;
  /** Appends to the log, within a transaction. Any error undoes the whole transaction. */
  run(log: TopicLog, now: number): void;
  resolve(): void;
  reject(error: unknown): void;
}

/** Entries at which a transaction ends: it blocks the event loop. */
const GROUP_ENTRIES = 500;

/** Writes that wait for a transaction. Those that arrive while the disk works form the next group. */
export class WriteQueue {
  readonly #store: (group: readonly Write[]) => Promise<void>;
  #queue: Write[] = [];
  #writing: Promise<void> | null = null;

  /** @param store stores a group, and ends each of its writes; it never rejects */
  constructor(store: (group: readonly Write[]) => Promise<void>) {
    this.#store = store;
  }

  /** Resolves once the write is stored. */
  add(write: Omit<Write, 'resolve' | 'reject'>): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ ...write, resolve, reject });
      this.#writing ??= this.#write();
    });
  }

  /** Resolves once nothing waits any more. */
  async idle(): Promise<void> {
    await this.#writing;
  }

  async #write(): Promise<void> {
    do {
      await setImmediate();
      await this.#store(this.#takeGroup());
    } while (this.#queue.length > 0);
    this.#writing = null;
  }

  #takeGroup(): Write[] {
    let count = 0;
    const size = this.#queue.findIndex(({ entries }) => {
      count += entries;
      return count >= GROUP_ENTRIES;
    });
    return this.#queue.splice(0, size < 0 ? this.#queue.length : size + 1);
  }
}

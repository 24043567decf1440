import { type Position, parseCursor } from '../../../shared/cursor.ts';
import type { StreamGap } from '../../../shared/stream-items.ts';
import { decode, type StreamRecord } from '../records/stream-record.ts';
import { UNSENT_BYTES } from './asker.ts';

/** Characters of JSON with which a page ends: an answer is held in memory until its socket has taken it. */
export const PAGE_CHARS = UNSENT_BYTES;

/** The newest records that fit on a page, of ranges that come the newest first, each in order. One fits in any case. */
export class NewestRecords {
  readonly #limit: number;
  /** Records of ranges that are complete, oldest first. */
  #records: StreamRecord[] = [];
  #range: StreamRecord[] = [];
  #chars = 0;
  isFull = false;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get records(): readonly StreamRecord[] {
    return this.#records;
  }

  add(record: StreamRecord): void {
    this.#range.push(record);
    this.#chars += record.json.length;
    // The oldest leave as soon as they cannot be on the page any more: no range is held that is larger than a page.
    for (let [oldest] = this.#range; oldest && this.#fitsWithout(oldest); [oldest] = this.#range) {
      this.#range.shift();
      this.#chars -= oldest.json.length;
      this.isFull = true;
    }
  }

  nextRange(): void {
    this.#records = [...this.#range, ...this.#records];
    this.#range = [];
    this.isFull ||= this.#records.length === this.#limit;
  }

  /** Tells if the page is full with what is newer than its oldest record. */
  #fitsWithout({ json }: StreamRecord): boolean {
    const newer = this.#range.length + this.#records.length - 1;
    return newer > 0 && (newer >= this.#limit || this.#chars - json.length >= PAGE_CHARS);
  }

  /** The position before the oldest. */
  get start(): Position | undefined {
    const [oldest] = this.#records;
    if (oldest?.type === 'stream_gap') return parseCursor((decode(oldest) as StreamGap).data.from);
    return oldest && { epoch: oldest.epoch, seq: oldest.seq - 1 };
  }
}

import type { Position } from '../../../shared/cursor.ts';
import type { Bounds } from '../../broker/broker.ts';
import type { StreamRecord } from './stream-record.ts';

/** Characters of JSON of all pages that one process keeps: four steps of different readers. */
const KEPT_CHARS = 1024 * 1024;
/** Pages of small records that are looked through for one. */
const KEPT_PAGES = 16;

interface Page {
  readonly log: object;
  /** Contiguous, of one epoch. */
  readonly records: readonly StreamRecord[];
  readonly chars: number;
}

/**
 * Pages of logs that were read lately, of one process. A hundred readers that look for the same place pass the same
 * pages one after another; each page is read, and its records are decoded, once for all of them.
 */
export class RecentPages {
  /** The oldest first. */
  readonly #pages: Page[] = [];
  #chars = 0;

  /** The records right after a position that are in a page, whether or not the log still holds them. */
  after(log: object, { epoch, seq }: Position): readonly StreamRecord[] {
    for (const { log: of, records } of this.#pages) {
      const [first] = records;
      if (of !== log || first?.epoch !== epoch || seq < first.seq - 1) continue;
      if (seq < first.seq - 1 + records.length) return records.slice(seq + 1 - first.seq);
    }
    return [];
  }

  /** Keeps a page without holes. */
  keep(log: object, records: readonly StreamRecord[]): void {
    const chars = records.reduce((sum, { json }) => sum + json.length, 0);
    this.#pages.push({ log, records, chars });
    this.#chars += chars;
    while (this.#chars > KEPT_CHARS || this.#pages.length > KEPT_PAGES)
      this.#chars -= this.#pages.shift()?.chars ?? 0;
  }
}

/** Tells if a log still holds all of some records. */
export function holds({ epoch, first, last }: Bounds, records: readonly StreamRecord[]): boolean {
  const [oldest] = records;
  return oldest?.epoch === epoch && oldest.seq >= first && oldest.seq + records.length - 1 <= last;
}

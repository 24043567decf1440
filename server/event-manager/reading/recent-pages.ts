import type { Position } from '../../../shared/cursor.ts';
import type { Bounds } from '../../broker/broker.ts';
import { isCut } from '../../broker/retention/cuts.ts';
import { clearMemos } from '../../memory/bounded-memo.ts';
import { isNoticeType, numberBefore, type StreamRecord } from '../records/stream-record.ts';

/**
 * Characters of JSON of all pages that one process keeps: some thousand events of the usual size. Readers who scan more
 * than that, one after another, each push out what the next one needs.
 */
const KEPT_CHARS = 4 * 1024 * 1024;
/** Pages of small records that are looked through for one. */
const KEPT_PAGES = 64;

interface Page {
  readonly log: object;
  /** Bounds.erased of the log when it was read. */
  readonly erased: number | undefined;
  /** Contiguous, of one epoch; holes that limits of types have made are gaps in their places. */
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

  /** The records right after a position that are in a page, whether or not the log still holds them as they are. */
  after(log: object, { epoch, seq }: Position): readonly StreamRecord[] {
    for (const { log: of, records } of this.#pages) {
      const [first] = records;
      const last = records.at(-1);
      if (of !== log || first?.epoch !== epoch || !last) continue;
      const ifContiguous = seq - numberBefore(first);
      if (ifContiguous < 0 || seq >= last.seq) continue;
      if (records[ifContiguous]?.seq === seq + 1) return records.slice(ifContiguous);
      const index = records.findIndex((record) => numberBefore(record) === seq);
      if (index >= 0) return records.slice(index);
    }
    return [];
  }

  /** Tells if the pages of a log were read before records were erased. @param erased Bounds.erased of the log now */
  areOutdated(log: object, erased: number | undefined): boolean {
    return this.#pages.some((page) => page.log === log && page.erased !== erased);
  }

  /** Forgets all pages: records in them may have been erased. */
  clear(): void {
    this.#pages.length = 0;
    this.#chars = 0;
  }

  /** Keeps a page without holes. @param erased Bounds.erased of the log when it was read */
  keep(log: object, records: readonly StreamRecord[], erased?: number): void {
    const chars = records.reduce((sum, { json }) => sum + json.length, 0);
    this.#pages.push({ log, records, erased, chars });
    this.#chars += chars;
    while (this.#chars > KEPT_CHARS || this.#pages.length > KEPT_PAGES)
      this.#chars -= this.#pages.shift()?.chars ?? 0;
  }
}

/** The pages of this process. */
export const recentPages = new RecentPages();

/** Forgets what this process keeps of records, so that nothing is left of those that were erased. */
export function forgetRecords(): void {
  timesForgotten++;
  forget();
}

let timesForgotten = 0;

function forget(): void {
  recentPages.clear();
  clearMemos();
}

/** Tells if records were forgotten since it was made: while a log was read. */
export class Forgetting {
  readonly #before = timesForgotten;

  get hasHappened(): boolean {
    return timesForgotten !== this.#before;
  }

  /** Forgets them again. For others it has not happened again: what they read is not of the time before. */
  repeat(): void {
    forget();
  }
}

/** Tells if a log still holds all of some contiguous records. */
export function holds({ epoch, first, last, cuts }: Bounds, records: readonly StreamRecord[]): boolean {
  const [oldest] = records;
  const newest = records.at(-1);
  if (!newest || oldest?.epoch !== epoch || oldest.seq < first || newest.seq > last) return false;
  return !cuts || records.every((record) => isNoticeType(record.type) || !isCut(record, cuts));
}

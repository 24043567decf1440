import { formatCursor, type Position } from '../../../shared/cursor.ts';
import type { Bounds, Broker, Gap, LogRecord } from '../../broker/broker.ts';
import { clearMemos } from '../../memory/aging-map.ts';
import type { StreamRecord } from '../records/stream-record.ts';
import type { LookTime } from './turns.ts';

/** Characters of JSON of all pages that one process keeps: four steps of different readers. */
const KEPT_CHARS = 1024 * 1024;
/** Pages of small records that are looked through for one. */
const KEPT_PAGES = 16;

interface Page {
  readonly log: object;
  /** Bounds.erased of the log when it was read. */
  readonly erased: number | undefined;
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

  /** The records right after a position that are in a page, whether or not the log still holds them as they are. */
  after(log: object, { epoch, seq }: Position): readonly StreamRecord[] {
    for (const { log: of, records } of this.#pages) {
      const [first] = records;
      if (of !== log || first?.epoch !== epoch || seq < first.seq - 1) continue;
      if (seq < first.seq - 1 + records.length) return records.slice(seq + 1 - first.seq);
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

const pages = new RecentPages();

/** Forgets what this process keeps of records, so that nothing is left of those that were erased. */
export function forgetRecords(): void {
  pages.clear();
  clearMemos();
}

/** Tells if a log still holds all of some records. */
export function holds({ epoch, first, last }: Bounds, records: readonly StreamRecord[]): boolean {
  const [oldest] = records;
  return oldest?.epoch === epoch && oldest.seq >= first && oldest.seq + records.length - 1 <= last;
}

/** Records right after a position, and a gap before them. */
interface ReadPage {
  readonly gap: Gap | null;
  readonly records: readonly StreamRecord[];
}

const noop = (): void => {};

/** Turns a log's record into a stream's: the same, or a gap of one if it is not a valid event. */
export type RecordGate = (record: LogRecord) => StreamRecord;

/** One topic's log as this process reads it: the broker's, with malformed records turned away. */
export class TopicReader {
  readonly topic: string;
  readonly #broker: Broker;
  readonly #admit: RecordGate;
  /** Reads of the log that are under way, by the place before their first record. */
  readonly #reading = new Map<string, Promise<unknown>>();
  /** Bounds that are asked for in this very moment. */
  #bounds: Promise<Bounds> | null = null;

  constructor(topic: string, broker: Broker, admit: RecordGate) {
    this.topic = topic;
    this.#broker = broker;
    this.#admit = admit;
  }

  /**
   * See Broker.read. A page that another reader has, or had right before, is not read again if the log still holds it.
   * @param time waited for before records are looked at
   * @param arrived told the last place of a page before its records are checked, which is work of some ms: the log can look up
   *   what follows meanwhile
   */
  async read(
    after: Position,
    limit: number,
    time: LookTime,
    arrived?: (last: Position) => void,
  ): Promise<ReadPage> {
    const place = formatCursor(after);
    const other = this.#reading.get(place);
    if (other) await other;
    const kept = pages.after(this, after).slice(0, limit);
    const lastKept = kept.at(-1);
    if (lastKept) arrived?.(lastKept);
    if (kept.length > 0) {
      const now = await this.bounds();
      if (pages.areOutdated(this, now.erased)) forgetRecords();
      else if (holds(now, kept)) {
        await time();
        return { gap: null, records: kept };
      }
    }
    const reading = this.#readLog(after, limit, time, arrived);
    const over = reading.then(noop, noop); // its failure is told to the one who reads it
    this.#reading.set(place, over);
    void over.then(() => this.#reading.get(place) === over && this.#reading.delete(place));
    return reading;
  }

  async #readLog(
    after: Position,
    limit: number,
    time: LookTime,
    arrived?: (last: Position) => void,
  ): Promise<ReadPage> {
    const { gap, records, bounds } = await this.#broker.read(this.topic, after, limit);
    const last = records.at(-1);
    if (last && arrived) {
      arrived(last);
      await new Promise(setImmediate); // whatever was asked for leaves first
    }
    await time();
    const admitted = records.map(this.#admit);
    if (!gap && admitted.length > 0) pages.keep(this, admitted, bounds.erased);
    await time(); // to admit them may have taken all that there was
    return { gap, records: admitted };
  }

  /** See Broker.bounds. Who asks at the same moment has the same answer: it was asked for after all of them. */
  bounds(): Promise<Bounds> {
    this.#bounds ??= Promise.resolve().then(() => {
      this.#bounds = null;
      return this.#broker.bounds(this.topic);
    });
    return this.#bounds;
  }

  /** The position right before the first record appended at or after an ISO 8601 time. */
  seek(at: string): Promise<Position> {
    return this.#broker.seek(this.topic, Date.parse(at));
  }

  /** See Broker.tail; records reach the sink already admitted. */
  tail(sink: {
    start(position: Position): void;
    records(records: readonly StreamRecord[]): void;
    gap(gap: Gap): void;
  }): ReturnType<Broker['tail']> {
    return this.#broker.tail(this.topic, {
      start: (position) => sink.start(position),
      records: (records) => {
        const admitted = records.map(this.#admit);
        if (admitted.some(({ erases }) => erases)) forgetRecords();
        sink.records(admitted);
      },
      gap: (gap) => sink.gap(gap),
    });
  }
}

import { formatCursor } from '../../shared/cursor.ts';
import type { LogEntry, PublishResult } from '../../shared/log.ts';
import { AgingMap } from '../memory/aging-map.ts';
import { IDEMPOTENCY_MS, type LogRecord } from './broker.ts';

/**
 * Most keys of one topic: 1600 a second for five minutes. Of more, the oldest are forgotten before their time. Each takes
 * about 200 bytes.
 */
const MAX_IDS = 500_000;

/**
 * Idempotency keys of a topic and the records they stored [D3], oldest first. Their age is measured with this process's
 * monotonic clock: if the time of day is set, keys must neither be forgotten at once nor stay for hours.
 */
export class RememberedIds {
  readonly #now: () => number;
  readonly #max: number;
  #forgotten = 0;
  readonly #places = new AgingMap<string, { readonly seq: number; readonly at: number }>();

  /** @param now a monotonic clock, ms */
  constructor(now: () => number = () => performance.now(), max: number = MAX_IDS) {
    this.#now = now;
    this.#max = max;
  }

  /** The `seq` of the record stored with this id, or undefined. */
  seqOf(id: string): number | undefined {
    return this.#places.get(id)?.seq;
  }

  /** Number of ids. */
  get size(): number {
    return this.#places.size;
  }

  /** The `seq` of the oldest id; Infinity if there is none. */
  get oldest(): number {
    return this.#places.oldest?.value.seq ?? Number.POSITIVE_INFINITY;
  }

  /** Adds the id of a record that is newer than all before. @param ageMs time since it was stored */
  add(id: string, seq: number, ageMs = 0): void {
    this.#places.set(id, { seq, at: this.#now() - ageMs });
    if (this.#places.size > this.#max) this.dropOldest();
  }

  dropOldest(): void {
    const { oldest } = this.#places;
    if (!oldest) return;
    this.#places.delete(oldest.key);
    this.#forgotten = oldest.value.seq;
  }

  delete(id: string): void {
    this.#places.delete(id);
  }

  /** The `seq` of the id that was forgotten last; 0 before the first. */
  get forgotten(): number {
    return this.#forgotten;
  }

  /** Drops the ids that are older than IDEMPOTENCY_MS. */
  forget(): void {
    const until = this.#now() - IDEMPOTENCY_MS;
    while (this.#places.oldest && this.#places.oldest.value.at <= until) this.dropOldest();
  }
}

/** The end of a log, to which entries are appended. */
interface End {
  readonly epoch: string;
  /** The `seq` of the last record. */
  readonly last: number;
  /** The time of the new records, Unix ms. */
  readonly at: number;
}

/**
 * Makes records of the entries whose ids are new, numbered on from the end of a log. An entry whose id is known gets the
 * cursor of the record stored with it [D3].
 * @param ids the known ids; the new ones are added
 */
export function numberEntries(
  entries: readonly LogEntry[],
  { epoch, last, at }: End,
  ids: RememberedIds,
): { results: PublishResult[]; records: LogRecord[] } {
  const records: LogRecord[] = [];
  const results = entries.map((entry): PublishResult => {
    const known = ids.seqOf(entry.id);
    if (known !== undefined) return { cursor: formatCursor({ epoch, seq: known }), duplicate: true };
    const position = { epoch, seq: last + 1 + records.length };
    const record = { ...entry, ...position, at, cursor: formatCursor(position) };
    records.push(record);
    ids.add(entry.id, position.seq); // not the record: an id outlives it
    return { cursor: record.cursor, duplicate: false };
  });
  return { results, records };
}

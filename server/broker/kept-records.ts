import { RecordWindow } from '../memory/record-window.ts';
import { type LogRecord, READ_CHARS } from './broker.ts';
import { type Cuts, cutsOf } from './retention/cuts.ts';
import { bytesOf, type CompleteRetention } from './retention/retention.ts';
import { OTHERS, type TypeRule } from './retention/type-rules.ts';

/** The records of one rule, and the number of the last that it lost. */
interface Held {
  readonly rule: TypeRule;
  readonly records: RecordWindow<LogRecord>;
  cut: number;
}

/** The records of a topic that retention keeps, in memory: a window for each rule, one for all where no type has its own. */
export class KeptRecords {
  readonly #maxBytes: number;
  readonly #hasRules: boolean;
  readonly #all: readonly Held[];
  readonly #byType: ReadonlyMap<string, Held>;

  constructor({ maxRecords, maxAgeMs, maxBytes, rules }: CompleteRetention) {
    this.#maxBytes = maxBytes;
    this.#hasRules = rules.length > 0;
    const windows = this.#hasRules ? rules : [{ type: OTHERS, maxRecords, maxAgeMs }];
    this.#all = windows.map((rule) => ({ rule, records: new RecordWindow<LogRecord>(bytesOf), cut: 0 }));
    this.#byType = new Map(this.#all.map((held) => [held.rule.type, held]));
  }

  get length(): number {
    return this.#all.reduce((sum, { records }) => sum + records.length, 0);
  }

  /** Number and size of the records in memory, dropped ones included. */
  get inMemory(): { readonly length: number; readonly size: number } {
    let [length, size] = [0, 0];
    for (const { records } of this.#all) {
      length += records.inMemory.length;
      size += records.inMemory.size;
    }
    return { length, size };
  }

  get oldest(): LogRecord | undefined {
    return this.#oldestHeld?.records.oldest;
  }

  /** See Bounds.cuts. */
  get cuts(): Cuts | undefined {
    if (!this.#hasRules) return undefined;
    return cutsOf(this.#all.map(({ rule, cut }) => [rule.type, cut]));
  }

  push(record: LogRecord): void {
    this.#heldOf(record.type)?.records.push(record);
  }

  /** The record with a number; undefined if it is not held. */
  at(seq: number): LogRecord | undefined {
    for (const { records } of this.#all) {
      const found = records.at(seq);
      if (found) return found;
    }
    return undefined;
  }

  /** Puts a record in the place of the one with its number and type. */
  replace(record: LogRecord): void {
    this.#heldOf(record.type)?.records.replace(record);
  }

  /** Up to `limit` records after number `seq`; they end once they come to READ_CHARS. */
  after(seq: number, limit: number): LogRecord[] {
    const [first, ...others] = this.#all.map(({ records }) => records.after(seq, limit, READ_CHARS));
    if (others.length === 0) return first ?? [];
    const all = [...(first ?? []), ...others.flat()].sort((a, b) => a.seq - b.seq);
    let chars = 0;
    let end = 0;
    while (end < Math.min(all.length, limit) && chars < READ_CHARS) chars += all[end++]?.json.length ?? 0;
    return all.slice(0, end);
  }

  /** The number before the first record that was appended at or after a time; undefined if there is none. */
  before(at: number): number | undefined {
    const isLater = (record: LogRecord) => record.at >= at;
    if (!this.#all.some(({ records }) => records.firstThat(isLater))) return undefined;
    const older = this.#all.map(({ records }) => records.lastBefore(isLater)?.seq ?? 0);
    return Math.max(...older) || (this.oldest?.seq ?? 1) - 1;
  }

  /** Drops the records that retention does not keep, but for the newest where it is too large. */
  trim(now: number): void {
    for (const held of this.#all) {
      const { maxRecords, maxAgeMs } = held.rule;
      const { records } = held;
      const until = now - maxAgeMs;
      for (let { oldest } = records; oldest; { oldest } = records) {
        if (records.length <= maxRecords && oldest.at >= until) break;
        drop(held);
      }
    }
    while (this.#size > this.#maxBytes && this.length > 1) this.dropOldest();
  }

  dropOldest(): void {
    const held = this.#oldestHeld;
    if (held) drop(held);
  }

  get #size(): number {
    return this.#all.reduce((sum, { records }) => sum + records.size, 0);
  }

  get #oldestHeld(): Held | undefined {
    let found: Held | undefined;
    for (const held of this.#all) {
      const { oldest } = held.records;
      if (oldest && oldest.seq < (found?.records.oldest?.seq ?? Number.POSITIVE_INFINITY)) found = held;
    }
    return found;
  }

  #heldOf(type: string): Held | undefined {
    return this.#byType.get(type) ?? this.#byType.get(OTHERS);
  }
}

function drop(held: Held): void {
  held.cut = held.records.oldest?.seq ?? held.cut;
  held.records.dropOldest();
}

import type { LogRecord } from '../../broker/broker.ts';
import { AgingMap, clearedWithMemos } from '../../memory/aging-map.ts';
import { charsOf } from './stream-record.ts';

/** Characters of all texts that one process remembers: some ten thousand usual events. */
const MAX_CHARS = 4 * 1024 * 1024;
/** Characters of the longest text that is remembered: longer ones are looked up by their length alone. */
const MAX_TEXT = 16_000;

/** The texts of records that passed a check lately; the oldest are forgotten. */
export class KnownTexts {
  readonly #known = new AgingMap<string, LogRecord>();
  readonly #maxChars: number;
  #chars = 0;

  constructor(maxChars: number = MAX_CHARS) {
    this.#maxChars = maxChars;
    clearedWithMemos(this);
  }

  /** Forgets all of them: some may have been erased. */
  clear(): void {
    this.#known.clear();
    this.#chars = 0;
  }

  /** Tells if a record of the same type, version, schema, text and annotations was added, wherever that one stood. */
  has({ json, type, version, schema, meta }: LogRecord): boolean {
    const known = this.#known.get(json);
    if (known === undefined || known.type !== type || known.meta !== meta) return false;
    return known.version === version && known.schema === schema;
  }

  add(record: LogRecord): void {
    if (record.json.length > MAX_TEXT) return;
    this.#chars += charsOf(record) - charsOf(this.#known.get(record.json));
    this.#known.set(record.json, record);
    for (let { oldest } = this.#known; oldest && this.#chars > this.#maxChars; { oldest } = this.#known) {
      this.#known.delete(oldest.key);
      this.#chars -= charsOf(oldest.value);
    }
  }
}

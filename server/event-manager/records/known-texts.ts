import type { LogRecord } from '../../broker/broker.ts';
import { AgingMap } from '../../memory/aging-map.ts';
import { clearedWithMemos } from '../../memory/bounded-memo.ts';
import { charsOf, type RecordText } from './stream-record.ts';

/** Characters of all texts that one process remembers: some ten thousand usual events, also where each became another text. */
const MAX_CHARS = 8 * 1024 * 1024;
/** Characters of the longest text that is remembered: longer ones are looked up by their length alone. */
const MAX_TEXT = 16_000;

interface Known {
  readonly record: LogRecord;
  readonly became: RecordText | null;
}

/**
 * The texts of records that passed a check lately, of all topics, and the text that each of them became where it was raised
 * from an older version or completed; the oldest are forgotten.
 */
export class KnownTexts {
  readonly #known = new AgingMap<string, Known>();
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

  /**
   * The text that a record became of the same type, version, schema, text and annotations, wherever that one stood; null if
   * it passed as it is, undefined if none is remembered.
   */
  became({ json, type, version, schema, meta }: LogRecord): RecordText | null | undefined {
    const known = this.#known.get(json);
    if (known?.record.type !== type || known.record.meta !== meta) return undefined;
    return known.record.version === version && known.record.schema === schema ? known.became : undefined;
  }

  /** @param became null: it passed as it is */
  add(record: LogRecord, became: RecordText | null): void {
    if (record.json.length > MAX_TEXT) return;
    this.#chars += sizeOf({ record, became }) - sizeOf(this.#known.get(record.json));
    this.#known.set(record.json, { record, became });
    for (let { oldest } = this.#known; oldest && this.#chars > this.#maxChars; { oldest } = this.#known) {
      this.#known.delete(oldest.key);
      this.#chars -= sizeOf(oldest.value);
    }
  }
}

function sizeOf(known: Known | undefined): number {
  return known ? charsOf(known.record) + charsOf(known.became) : 0;
}

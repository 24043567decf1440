import { formatTopicsCursor, type Position } from '../../../shared/cursor.ts';
import { BoundedMemo } from '../../memory/bounded-memo.ts';
import { placedRecord, type StreamRecord } from './stream-record.ts';

/** A record as an item of a stream of several topics, and where that stream is then. */
interface Placed {
  readonly record: StreamRecord;
  readonly places: Places;
}

/** The last placing of a record: the places before, and those after. */
interface Placing {
  from?: Places;
  to?: Placed;
}

/** Characters handed to a reader at once: a small record has a cursor that may be a hundred times as long. */
const HANDED_CHARS = 256 * 1024;

/** Items that are handed over at once, and the number of records that they and those before were made of. */
interface Handful {
  readonly items: readonly StreamRecord[];
  readonly end: number;
}

/** The items of records in parts. A record is made into items only when its part is asked for. */
export function* inHandfuls(
  records: readonly StreamRecord[],
  itemsOf: (record: StreamRecord) => readonly StreamRecord[],
): Generator<Handful, void, undefined> {
  let items: StreamRecord[] = [];
  let chars = 0;
  for (const [index, record] of records.entries()) {
    for (const item of itemsOf(record)) {
      items.push(item);
      chars += item.json.length + 2 * item.cursor.length; // it is written twice
    }
    const end = index + 1;
    if (chars < HANDED_CHARS && end < records.length) continue;
    if (items.length > 0) yield { items, end };
    items = [];
    chars = 0;
  }
}

/** Characters of items and cursors that are kept for those who are handed the same record in the same moment. */
const KEPT_CHARS = 512 * 1024;

const placings = new BoundedMemo<StreamRecord, Placing>(
  KEPT_CHARS,
  () => ({}),
  // Filled later, with a cursor of at most 9 KB twice; most are far shorter.
  ({ json }) => json.length + 4 * 1024,
);

/**
 * The positions of a stream in its topics. They do not change: a step further is others. So those of many streams that
 * are handed the same records are the same, and what is written of them, a cursor of as much text as all names of the
 * topics together, is written once for all.
 */
export class Places {
  /** In the order of the topics' names, so that equal places are written alike. */
  readonly #positions: ReadonlyMap<string, Position>;
  #cursor: string | undefined;

  constructor(positions: ReadonlyMap<string, Position> = new Map()) {
    this.#positions = positions;
  }

  /** The places of a stream that has come as far in some topics. */
  static at(topics: Iterable<readonly [topic: string, position: Position]>): Places {
    return new Places(new Map([...topics].sort(byName)));
  }

  /** The cursor of them all. */
  get cursor(): string {
    this.#cursor ??= formatTopicsCursor(this.#positions);
    return this.#cursor;
  }

  /** These with another position in one topic. */
  with(topic: string, { epoch, seq }: Position): Places {
    const isNew = !this.#positions.has(topic);
    const positions = new Map(this.#positions).set(topic, { epoch, seq });
    return isNew ? Places.at(positions) : new Places(positions);
  }

  /** A record of a topic as an item that comes after these places. */
  place(topic: string, record: StreamRecord): Placed {
    const placing = placings.of(record);
    const { from, to } = placing;
    if (to && from && (from === this || from.cursor === this.cursor)) return to;
    const places = this.with(topic, record);
    const placed = { record: placedRecord(record, topic, places.cursor), places };
    placing.from = this;
    placing.to = placed;
    return placed;
  }
}

function byName([a]: readonly [string, Position], [b]: readonly [string, Position]): number {
  return a < b ? -1 : 1;
}

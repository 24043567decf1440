import { formatCursor, type Position } from '../../../../shared/cursor.ts';
import type { LogEntry } from '../../../../shared/log.ts';
import { type Bounds, type Gap, type LogRecord, type ReadResult, withoutContent } from '../../broker.ts';
import { gapAfter, gapsBetween, trimmedGap } from '../../gaps.ts';
import { type Cuts, cutsOf, lastCut } from '../../retention/cuts.ts';

/** Part of a log, read at one moment. */
export interface Chunk extends ReadResult {
  /** Id of the last record of the log; empty if it is not held any more. */
  readonly lastId: string;
  /** Number of entries that are no records of this project. */
  readonly foreign: number;
}

/** Encodes an id to be stored: without blanks, and safe for a round trip through UTF-8. */
export function encodeId(id: string): string {
  if (/^[\w.:-]*$/.test(id)) return id; // as ours are
  return JSON.stringify(id).slice(1, -1).replaceAll(' ', '\\u0020');
}

/** Reads {@link encodeId}; null if it is malformed. */
export function decodeId(text: string): string | null {
  if (!text.includes('\\')) return text;
  try {
    return JSON.parse(`"${text}"`);
  } catch {
    return null;
  }
}

/** The facts of an entry that are beside its text. */
type Kind = Pick<LogEntry, 'type' | 'version' | 'schema'>;

/** The last part of a record's head: its type, the version of its data after the first, and its schema's fingerprint. */
export function kindText({ type, version = 1, schema }: Kind): string {
  if (schema !== undefined) return `${type} ${version} ${schema}`;
  return version > 1 ? `${type} ${version}` : type;
}

/** Reads {@link kindText}; null if it is malformed. */
function readKind(text: string): Kind | null {
  const [, type, digits = '1', schema] =
    /^([^ ]+)(?: ([1-9]\d{0,8})(?: ([0-9a-z]{1,64}))?)?$/.exec(text) ?? [];
  if (type === undefined) return null;
  const version = Number(digits);
  return { type, ...(version > 1 && { version }), ...(schema !== undefined && { schema }) };
}

/** Reads an announcement of the publish script: a line `epoch first at`, then type, id, json and meta of each record, a line each; null if it is malformed. */
export function decodeNotification(text: string): LogRecord[] | null {
  const [header = '', ...lines] = text.split('\n');
  const [, epoch, first, at] = /^([A-Za-z0-9]{1,32}) ([1-9]\d{0,15}) (\d{1,15})$/.exec(header) ?? [];
  if (epoch === undefined || lines.length === 0 || lines.length % 4 !== 0) return null;
  const records: LogRecord[] = [];
  for (let line = 0; line < lines.length; line += 4) {
    const place = { epoch, seq: Number(first) + line / 4 };
    const record = toRecord(
      place,
      Number(at),
      lines[line],
      lines[line + 1],
      lines[line + 2],
      lines[line + 3],
    );
    if (!record) return null;
    records.push(record);
  }
  return records;
}

/** Form of a record's head, see the scripts: time, bytes, id and kind. */
const HEAD = /^(\d{1,15}) \d+ ([^ ]*) (.+)$/s;

/** Reads the reply of the read script. @param after the position that it was asked for */
export function decodeChunk(after: Position, reply: unknown): Chunk {
  const [epochValue, first, last, lastId, reached, passedOver, erased, rules, text] = toValues(reply);
  const epoch = String(epochValue);
  const range = { epoch, first: Number(first), last: Number(last) };
  const cuts = readCuts(String(rules), range.first);
  const bounds: Bounds = {
    ...range,
    ...(erased !== 0 && { erased: Number(erased) }),
    ...(cuts && { cuts }),
  };
  const found: LogRecord[] = [];
  let foreign = Number(passedOver);
  const lines = text === '' ? [] : String(text).split('\n');
  for (let line = 0; line < lines.length; line += 4) {
    const place = { epoch, seq: Number(lines[line]) };
    const [, at, id, type] = HEAD.exec(lines[line + 1] ?? '') ?? [];
    const json = lines[line + 2];
    const record =
      json === ''
        ? toErased(place, Number(at), type, id)
        : toRecord(place, Number(at), type, id, json, lines[line + 3]);
    if (record) found.push(record);
    else foreign++;
  }
  const gap = gapAfter(after, bounds);
  const start = gap?.to ?? after;
  const next = found[0]?.seq ?? Number(reached) + 1;
  const isCut = (to: number) => cuts !== null && to <= lastCut(cuts);
  // A hole further on that no limit of a type has made ends the chunk: the next read begins with it.
  const hole = found.findIndex(({ seq }, index) => {
    const before = found[index - 1]?.seq ?? seq - 1;
    return seq !== before + 1 && !isCut(seq - 1);
  });
  const records = hole < 0 ? found : found.slice(0, hole);
  const gaps = cuts ? gapsBetween(records, bounds) : [];
  const isHole = next > start.seq + 1;
  const trimmed = isHole && !gap && isCut(next - 1) ? trimmedGap(start, next - 1, bounds) : null;
  return {
    gap: trimmed ?? (isHole ? joinGaps(gap, start, { epoch, seq: next - 1 }) : gap),
    records,
    bounds,
    ...(gaps.length > 0 && { gaps }),
    lastId: decodeId(String(lastId)) ?? '',
    foreign,
  };
}

/** Reads what limits of types have done, as the publish script writes it; null if there never was one. */
function readCuts(text: string, first: number): Cuts | null {
  const [, floor, ...rules] = text.split(' ');
  if (floor === undefined) return null;
  // What is gone at the beginning beyond the floor was not taken out by a rule: it may have been of any type.
  const least = first - 1 > Number(floor) ? first - 1 : 0;
  const cuts: [type: string, cut: number][] = [];
  for (let at = 0; at + 1 < rules.length; at += 3)
    cuts.push([rules[at] ?? '', Math.max(least, Number(rules[at + 1]))]);
  return cutsOf(cuts, least);
}

/** One gap from a gap, if there is one, and the hole that follows it. */
function joinGaps(gap: Gap | null, from: Position, to: Position): Gap {
  const lost = to.seq - from.seq;
  if (!gap) return { from, to, lost, reason: 'dropped' };
  const { types: _, ...ofAnyType } = gap;
  return { ...ofAnyType, to, lost: gap.lost === null ? null : gap.lost + lost };
}

function toRecord(
  { epoch, seq }: Position,
  at: number,
  kindAsText: unknown,
  id: unknown,
  json: unknown,
  meta: unknown,
): LogRecord | null {
  const entry = toEntry(kindAsText, id, json, meta);
  if (entry === null || !Number.isSafeInteger(at)) return null;
  return { epoch, seq, cursor: formatCursor({ epoch, seq }), at, ...entry };
}

/** Reads an entry from its kind, id, JSON and annotations, as the scripts have them; null if one of them is malformed. */
export function toEntry(kindAsText: unknown, id: unknown, json: unknown, meta: unknown): LogEntry | null {
  if (typeof kindAsText !== 'string' || typeof id !== 'string' || !isJsonObject(json)) return null;
  const decodedId = decodeId(id);
  const kind = readKind(kindAsText);
  if (decodedId === null || kind === null) return null;
  const entry = { ...kind, id: decodedId, json };
  if (meta === '') return entry;
  return isJsonObject(meta) ? { ...entry, meta } : null;
}

/** A record without its content: read as one that has some, which is then left out. */
function toErased(place: Position, at: number, kind: unknown, id: unknown): LogRecord | null {
  const record = toRecord(place, at, kind, id, '{}', '');
  return record && withoutContent(record);
}

function isJsonObject(text: unknown): text is string {
  if (typeof text !== 'string' || !text.startsWith('{')) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Checks a script's reply: a flat list of texts and numbers. */
export function toValues(reply: unknown): (string | number)[] {
  if (
    Array.isArray(reply) &&
    reply.every((value) => typeof value === 'string' || typeof value === 'number')
  ) {
    return reply;
  }
  throw new TypeError('A script of the broker returned a value that is no list of texts and numbers');
}

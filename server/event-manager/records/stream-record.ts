import type { AnyCatalog } from '../../../shared/catalog.ts';
import { formatCursor, type Position } from '../../../shared/cursor.ts';
import { freezeDeep } from '../../../shared/data/tree.ts';
import type { EventName } from '../../../shared/events.ts';
import { fromLogEntry } from '../../../shared/log.ts';
import type { OpenPart } from '../../../shared/open/open-part.ts';
import type { StreamGap, StreamItem, StreamNotice, StreamSynced } from '../../../shared/stream-items.ts';
import type { Gap } from '../../broker/broker.ts';
import type { Types } from '../../broker/retention/cuts.ts';
import { BoundedMemo } from '../../memory/bounded-memo.ts';

/** The part of a topic's events that a subscriber wants, as much as decides what it is told of open ones. */
export interface Reader {
  /** Tells if an event of the type can match. */
  wants(type: string): boolean;
  /** Tests a record alike live, on replay and in history [D8]. Notices match, but for gaps of records of unwanted types alone. */
  matches(record: StreamRecord): boolean;
  /** True if of a type it does not want all events: it has conditions on them. */
  readonly narrows: boolean;
  /** True if it wants each member of a large presence, and not their number [O11]. */
  readonly allMembers: boolean;
}

/** Tells of an item that is no record of the log: of an open event, or of one that is never stored. */
export interface Told {
  /** The place of the record that began its event; null if none did. */
  readonly begun: Position | null;
  /** The form in which a reader gets the item; null if it does not. */
  form(item: StreamRecord, reader: Reader): StreamRecord | null;
}

/**
 * One item of a stream as text: a log record, the stream's own notice in the same shape, or what is told of open events,
 * in the place of the last record before it.
 */
export interface StreamRecord extends Position {
  /** Cursor from which a client that has this item resumes: `<epoch>:<seq>` [D6]. */
  readonly cursor: string;
  readonly type: string;
  /** When it was appended, Unix ms by the log's clock; notices never were. */
  readonly at?: number;
  readonly json: string;
  readonly meta?: string;
  /** The types of the records that a gap stands for: a gap only to those who want one of them. Absent: any. */
  readonly of?: Types;
  /** The number before the first of the records that limits of types took out, where this gap stands for those. */
  readonly after?: number;
  /** The content of the record in this place was erased: the item is a gap of one. */
  readonly erased?: true;
  /** The type of the record in this place, where this catalog cannot read it: the item is a gap of one. */
  readonly unreadable?: string;
  /** Records before this one that were erased, as StreamGap.data.runs has them: the item is the gap that tells so. */
  readonly erases?: NonNullable<StreamGap['data']['runs']>;
  /** The item is no record of the log, has no place of its own, and is not counted as one. */
  readonly told?: Told;
  /** The item is for this subject alone, among those who select alike. */
  readonly only?: string;
}

/** The form in which a reader gets a record or another item; null if it is not for it. */
export function formFor(reader: Reader, item: StreamRecord): StreamRecord | null {
  if (item.told) return item.told.form(item, reader);
  return reader.matches(item) ? item : null;
}

/** Items that are for a reader, of some, in the form in which it gets them. */
export function formsFor(reader: Reader, items: readonly StreamRecord[]): StreamRecord[] {
  const forms: StreamRecord[] = [];
  for (const item of items) {
    const form = formFor(reader, item);
    if (form) forms.push(form);
  }
  return forms;
}

/** The content of a record. */
export type RecordText = Pick<StreamRecord, 'json' | 'meta'>;

/** The number before a record, or before the first of those that a gap stands for. */
export function numberBefore({ after, seq }: StreamRecord): number {
  return after ?? seq - 1;
}

/** Characters of JSON and annotations of a record; 0 for none. */
export function charsOf(record: RecordText | null | undefined): number {
  return record ? record.json.length + (record.meta?.length ?? 0) : 0;
}

/** Records handed out at once: enough to join frames, few enough that a slow reader is noticed soon [D9]. */
const BATCH_RECORDS = 256;
const BATCH_CHARS = 256 * 1024;

/** Bytes of text; the parsed record takes some times as much. */
const DECODED_BYTES = 2 * 1024 * 1024;

const decoded = new BoundedMemo<StreamRecord, unknown>(
  DECODED_BYTES,
  fromLogEntry,
  ({ json }) => json.length,
);

/**
 * The item a record holds, for code of ours, which does not change it: made once for all who read it at about the same
 * time. What is given away is {@link itemOf}.
 */
export function decodeRecord<C extends AnyCatalog>(record: StreamRecord): StreamItem<EventName<C>, C> {
  return decoded.of(record) as StreamItem<EventName<C>, C>;
}

/**
 * The item a record holds, for whoever asked for it: nobody sees what another does to it [D11]. Plain JSON is one object
 * for all, and frozen. Dates, Maps and Sets cannot be frozen, so an item with annotations is made anew for each.
 */
export function itemOf<C extends AnyCatalog>(record: StreamRecord): StreamItem<EventName<C>, C> {
  if (record.meta !== undefined) return fromLogEntry(record) as StreamItem<EventName<C>, C>;
  const item = decodeRecord<C>(record);
  if (!Object.isFrozen(item)) freezeDeep(item);
  return item;
}

/** The part of a record that tells which open event it is of; undefined for a complete one. */
export function openPartOf(record: StreamRecord): OpenPart | undefined {
  const { open } = decodeRecord(record) as { open?: OpenPart | undefined };
  return open;
}

/** The cursor from which a subscriber that has an item of a stream resumes, and the item. */
export type DeliveredItem<N extends EventName<C>, C extends AnyCatalog> = readonly [
  cursor: string,
  event: StreamItem<N, C>,
];

/** The item that a record is to a subscriber whose selector lets nothing else through than events N and notices. */
export function deliveredItem<N extends EventName<C>, C extends AnyCatalog>(
  record: StreamRecord,
): DeliveredItem<N, C> {
  return [record.cursor, itemOf<C>(record) as StreamItem<N, C>];
}

/** The notice that a stream has caught up [D5]. */
export function syncedRecord(position: Position, recovered: boolean): StreamRecord {
  const cursor = formatCursor(position);
  return noticeRecord(position, 'stream_synced', { recovered, cursor } satisfies StreamSynced['data']);
}

/** The notice that a stream of several topics has caught up; its cursor has no one place. */
export function allSyncedRecord(cursor: string, recovered: boolean): StreamRecord {
  const data = { recovered, cursor } satisfies StreamSynced['data'];
  return { ...noticeRecord({ epoch: '', seq: 0 }, 'stream_synced', data), cursor };
}

/** A record as an item of a stream of several topics: it tells its topic, and the cursor of them all. */
export function placedRecord(record: StreamRecord, topic: string, cursor: string): StreamRecord {
  // At the end, where it counts whatever else the envelope holds.
  const json = `${record.json.slice(0, record.json.lastIndexOf('}'))},"topic":"${topic}"}`;
  return { ...record, json, cursor };
}

/** The notice of a gap, which stands where the lost records would [D4]. */
export function gapRecord(
  { from, to, lost, reason, types }: Gap,
  more: Pick<StreamGap['data'], 'runs' | 'open'> = {},
): StreamRecord {
  const data: StreamGap['data'] = { from: formatCursor(from), to: formatCursor(to), lost, reason, ...more };
  const record = noticeRecord(to, 'stream_gap', data);
  if (!types) return record;
  return reason === 'trimmed' ? { ...record, of: types, after: from.seq } : { ...record, of: types };
}

/** The part of a record up to and including a number: all of it, some of a gap, or null for nothing. */
export function recordUpTo(record: StreamRecord, seq: number): StreamRecord | null {
  const { epoch, of: types, after = record.seq - 1 } = record;
  if (record.seq <= seq) return record;
  if (after >= seq || !types) return null;
  const gap = { from: { epoch, seq: after }, to: { epoch, seq }, lost: seq - after, types };
  return gapRecord({ ...gap, reason: 'trimmed' });
}

function noticeRecord(position: Position, type: StreamNotice['event_type'], data: object): StreamRecord {
  const json = JSON.stringify({ event_type: type, timestamp: new Date().toISOString(), data });
  return { epoch: position.epoch, seq: position.seq, cursor: formatCursor(position), type, json };
}

export function isNoticeType(type: string): boolean {
  return type === 'stream_gap' || type === 'stream_synced';
}

/** Tells if items are as much as is handed out at once. */
export function fillsBatch(items: number, chars: number): boolean {
  return items >= BATCH_RECORDS || chars >= BATCH_CHARS;
}

/** Records in parts, in order; each holds one at least, and ends with the one that makes it large enough. */
export function* inBatches<T extends { readonly json: string }>(
  records: readonly T[],
): Generator<readonly T[]> {
  let start = 0;
  let chars = 0;
  for (const [index, { json }] of records.entries()) {
    chars += json.length;
    const end = index + 1;
    if (!fillsBatch(end - start, chars) && end < records.length) continue;
    yield start === 0 && end === records.length ? records : records.slice(start, end);
    start = end;
    chars = 0;
  }
}

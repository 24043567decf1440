import type { AnyCatalog } from '../../../shared/catalog.ts';
import { formatCursor, type Position } from '../../../shared/cursor.ts';
import { freezeDeep } from '../../../shared/data/tree.ts';
import type { EventName } from '../../../shared/events.ts';
import { fromLogEntry } from '../../../shared/log.ts';
import type { StreamGap, StreamItem, StreamNotice, StreamSynced } from '../../../shared/stream-items.ts';
import type { Gap } from '../../broker/broker.ts';
import { BoundedMemo } from '../../memory/bounded-memo.ts';
import { type Instruments, noInstruments } from '../../telemetry/instruments.ts';
import type { Tracing } from '../../telemetry/tracing.ts';

/** One item of a stream as text: a log record, or the stream's own notice in the same shape. */
export interface StreamRecord extends Position {
  /** Cursor from which a client that has this item resumes: `<epoch>:<seq>` [D6]. */
  readonly cursor: string;
  readonly type: string;
  /** When it was appended, Unix ms by the log's clock; notices never were. */
  readonly at?: number;
  readonly json: string;
  readonly meta?: string;
  /** The type of the record that a gap of one stands for: a gap only to those who want that type. */
  readonly of?: string;
}

/** Characters of JSON and annotations of a record; 0 for none. */
export function charsOf(record: StreamRecord | undefined): number {
  return record ? record.json.length + (record.meta?.length ?? 0) : 0;
}

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
export function decode<C extends AnyCatalog>(record: StreamRecord): StreamItem<EventName<C>, C> {
  return decoded.of(record) as StreamItem<EventName<C>, C>;
}

/**
 * The item a record holds, for whoever asked for it: nobody sees what another does to it [D11]. Plain JSON is one object
 * for all, and frozen. Dates, Maps and Sets cannot be frozen, so an item with annotations is made anew for each.
 */
export function itemOf<C extends AnyCatalog>(record: StreamRecord): StreamItem<EventName<C>, C> {
  if (record.meta !== undefined) return fromLogEntry(record) as StreamItem<EventName<C>, C>;
  const item = decode<C>(record);
  if (!Object.isFrozen(item)) freezeDeep(item);
  return item;
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
export function gapRecord({ from, to, lost, reason }: Gap): StreamRecord {
  const data = { from: formatCursor(from), to: formatCursor(to), lost, reason } satisfies StreamGap['data'];
  return noticeRecord(to, 'stream_gap', data);
}

function noticeRecord(position: Position, type: StreamNotice['event_type'], data: object): StreamRecord {
  const json = JSON.stringify({ event_type: type, timestamp: new Date().toISOString(), data });
  return { epoch: position.epoch, seq: position.seq, cursor: formatCursor(position), type, json };
}

export function isNoticeType(type: string): boolean {
  return type === 'stream_gap' || type === 'stream_synced';
}

/** Counts a notice that is a gap, by its reason. */
export function countGap(instruments: Instruments, notice: StreamRecord): void {
  const { event_type, data } = decode(notice) as StreamNotice;
  if (event_type === 'stream_gap') instruments.gap(data.reason);
}

/** Counts records that a number of subscribers were handed live, at once. */
export function countDelivered(
  instruments: Instruments,
  records: readonly StreamRecord[],
  subscribers: number,
): void {
  if (instruments === noInstruments) return;
  const now = Date.now();
  for (const { type, at } of records) {
    if (at !== undefined) instruments.delivered(type, subscribers, Math.max(0, now - at));
  }
}

/** Notes in traces that records were handed to a number of subscribers, those that belong to one. */
export function traceDelivered(
  tracing: Tracing | undefined,
  topic: string,
  records: readonly StreamRecord[],
  subscribers: number,
): void {
  if (!tracing) return;
  for (const record of records) {
    const { traceparent } = traceOf(record);
    if (traceparent === undefined) continue;
    tracing.delivered({ topic, type: record.type, cursor: record.cursor, traceparent, subscribers });
  }
}

/** A record's part of a trace. */
export function traceOf(record: StreamRecord): { traceparent?: string | undefined } {
  return isNoticeType(record.type) ? {} : (decode(record) as { traceparent?: string | undefined });
}

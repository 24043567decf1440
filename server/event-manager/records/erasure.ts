import * as z from 'zod';
import type { LogEntry } from '../../../shared/log.ts';
import type { GapReason, StreamGap } from '../../../shared/stream-items.ts';
import type { LogRecord } from '../../broker/broker.ts';
import { ERASED_NOTICE } from '../../broker/retention/type-rules.ts';
import { decodeRecord, gapRecord, isNoticeType, type StreamRecord } from './stream-record.ts';

const erasureSchema = z.object({
  data: z.object({
    /** The type of the erased records. */
    type: z.string(),
    /** Their numbers: of each contiguous part, the number before the first, and the last. */
    runs: z.array(z.tuple([z.int().min(0), z.int().min(1)])).min(1),
    /** Ids of those of them that are open events, or were. */
    open: z.array(z.string()).min(1).optional(),
  }),
});

/**
 * The entry that tells all readers of a log which records of a type were erased: one for all parts of the log, since it
 * takes a place in the log itself.
 * @param records of the type, ascending, one at least; `open` is the id of an open event
 */
export function erasureEntry(
  type: string,
  records: readonly { readonly seq: number; readonly open?: string | undefined }[],
  id: string,
): LogEntry {
  const runs: [number, number][] = [];
  for (const { seq } of records) {
    const last = runs.at(-1);
    if (last?.[1] === seq - 1) last[1] = seq;
    else runs.push([seq - 1, seq]);
  }
  const open = new Set(records.flatMap((record) => record.open ?? []));
  const data = { type, runs, ...(open.size > 0 && { open: [...open] }) };
  const envelope = { event_type: ERASED_NOTICE, timestamp: new Date().toISOString(), data };
  return { type: ERASED_NOTICE, id, json: JSON.stringify(envelope) };
}

/**
 * The form of an erasure for subscribers: a gap over what was erased, in the place of the notice, so that it comes to those who
 * had the events before. Null if the record is malformed.
 */
export function erasureGap({ epoch, seq, cursor, json }: LogRecord): StreamRecord | null {
  const parsed = erasureSchema.safeParse(parse(json));
  if (!parsed.success) return null;
  const { type, runs, open } = parsed.data.data;
  const [from, to] = [runs[0]?.[0] ?? 0, runs.at(-1)?.[1] ?? 0];
  const lost = runs.reduce((sum, [after, last]) => sum + last - after, 0);
  const gap = {
    from: { epoch, seq: from },
    to: { epoch, seq: to },
    lost,
    reason: 'erased' as const,
    types: { only: [type] },
  };
  return {
    ...gapRecord(gap, { ...(runs.length > 1 && { runs }), ...(open && { open }) }),
    epoch,
    seq,
    cursor,
    erases: runs,
  };
}

/** Reads JSON; null if it is none. */
function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return null;
  }
}

/** Tells if an erasure is of a record; of what is told of an open event, if it is of its opening. */
export function erases({ epoch, erases: runs = [] }: StreamRecord, record: StreamRecord): boolean {
  if (record.epoch !== epoch || isNoticeType(record.type)) return false;
  const place = record.told ? record.told.begun : record;
  return place !== null && runs.some(([after, last]) => place.seq > after && place.seq <= last);
}

/** A record's place in the stream, and none of its content. */
export function placeOf(
  { epoch, seq, type }: Pick<StreamRecord, 'epoch' | 'seq' | 'type'>,
  reason: GapReason,
): StreamRecord {
  const gap = { from: { epoch, seq: seq - 1 }, to: { epoch, seq }, lost: 1, reason, types: { only: [type] } };
  return gapRecord(gap);
}

/** The place of an erased record. */
export function erasedPlace(record: Pick<StreamRecord, 'epoch' | 'seq' | 'type'>): StreamRecord {
  return { ...placeOf(record, 'erased'), erased: true };
}

/** The place of a record that a catalog cannot read. */
export function unreadablePlace(
  record: Pick<StreamRecord, 'epoch' | 'seq' | 'type'>,
  reason: GapReason,
): StreamRecord {
  return { ...placeOf(record, reason), unreadable: record.type };
}

/** Tells if a record is a gap in which something was lost, and not erased on purpose. */
export function isLoss({ type, erased, erases }: StreamRecord): boolean {
  return type === 'stream_gap' && !erased && !erases;
}

/** Adds a record to those that somebody gets: the places of erased records in a row become one gap. */
export function addItem(items: StreamRecord[], record: StreamRecord): void {
  const last = items.at(-1);
  const isNext = last?.erased && record.erased && last.epoch === record.epoch && last.seq + 1 === record.seq;
  if (!isNext) {
    items.push(record);
    return;
  }
  const { data } = decodeRecord(last) as StreamGap;
  const from = { epoch: last.epoch, seq: last.seq - (data.lost ?? 1) };
  const gap = gapRecord({ from, to: record, lost: record.seq - from.seq, reason: 'erased' });
  items[items.length - 1] = { ...gap, erased: true };
}

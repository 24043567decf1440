import type { StreamNotice } from '../../../shared/stream-items.ts';
import { debugs, type Logger } from '../../telemetry/logger.ts';
import { type Instruments, noInstruments, type Tracing } from '../../telemetry/telemetry.ts';
import type { Selector } from './selector.ts';
import { decodeRecord, formFor, isNoticeType, type StreamRecord } from './stream-record.ts';

/** Subscribers named in one line. */
const MAX_NAMES = 20;

/**
 * Tells the log, where it is to be told that much, which records of a batch some live subscribers got, and why not the
 * others. Never what is in them.
 */
export function explain(
  logger: Logger,
  topic: string,
  selector: Selector,
  batch: readonly StreamRecord[],
  subscribers: () => readonly { readonly name: string }[],
): void {
  if (!debugs(logger)) return;
  const all = subscribers();
  const names = all.slice(0, MAX_NAMES).map(({ name }) => name);
  const to = { count: all.length, subscribers: names, selector: selector.key };
  for (const record of batch) {
    const { cursor, type } = record;
    const fields = { cursor, type, topic, ...to };
    if (formFor(selector, record)) logger.debug(fields, 'Event delivered');
    else logger.debug({ ...fields, why: selector.wants(type) ? 'filter' : 'type' }, 'Event not delivered');
  }
}

/** Counts the records read from the log that a subscriber gets and does not get. */
export function explainRead(records: readonly StreamRecord[], selector: Selector) {
  const events = records.filter(({ type }) => !isNoticeType(type));
  const wanted = events.filter(({ type }) => selector.wants(type));
  const matched = wanted.filter((record) => selector.matches(record));
  return {
    delivered: matched.length,
    ofOtherTypes: events.length - wanted.length,
    filteredOut: wanted.length - matched.length,
  };
}

/** Counts a notice that is a gap, by its reason. */
export function countGap(instruments: Instruments, notice: StreamRecord): void {
  const { event_type, data } = decodeRecord(notice) as StreamNotice;
  if (event_type === 'stream_gap') instruments.gap(data.reason);
}

/** Counts what one subscriber was handed that read it from the log. What it is told of open events is in no log. */
export function countRead(instruments: Instruments, items: readonly StreamRecord[]): void {
  if (instruments === noInstruments) return;
  for (const record of items) {
    if (record.type === 'stream_gap') countGap(instruments, record);
    else if (record.type !== 'stream_synced' && !record.told) instruments.delivered(record.type, 1, null);
  }
}

/** Counts records that a number of subscribers were handed live, at once. What is no record was never appended, and is not counted. */
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
  return isNoticeType(record.type) || record.type === 'stream_update'
    ? {}
    : (decodeRecord(record) as { traceparent?: string | undefined });
}

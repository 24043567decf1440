import { debugs } from '../../telemetry/logger.ts';
import type { Hub } from '../hubs/hub.ts';
import type { Selector } from '../records/selector.ts';
import { isNoticeType, type StreamRecord } from '../records/stream-record.ts';

/** Subscribers named in one line. */
const MAX_NAMES = 20;

/**
 * Tells the log, where it is to be told that much, which records of a batch a group of live subscribers got, and why not
 * the others. Never what is in them.
 */
export function explain(
  hub: Hub,
  selector: Selector,
  batch: readonly StreamRecord[],
  names: () => Iterable<string>,
): void {
  const { logger } = hub.watch;
  if (!debugs(logger)) return;
  const all = [...names()];
  const subscribers = { count: all.length, subscribers: all.slice(0, MAX_NAMES), selector: selector.key };
  for (const record of batch) {
    const { cursor, type } = record;
    const fields = { cursor, type, topic: hub.log.topic, ...subscribers };
    if (selector.matches(record)) logger.debug(fields, 'Delivered');
    else logger.debug({ ...fields, why: selector.wants(type) ? 'filter' : 'type' }, 'Not delivered');
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

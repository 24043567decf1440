import type { AnyCatalog } from '../../shared/catalog.ts';
import { EventsError } from '../../shared/errors.ts';
import { timestampSchema } from '../../shared/events.ts';
import { checkedEvent } from '../../shared/log.ts';
import type { LogRecord } from '../broker/broker.ts';
import type { Logger } from '../logger.ts';
import { gapRecord, type StreamRecord } from './stream-record.ts';

/** Lets records of a log that others can write into the process: valid ones as they are, any other as a gap of one [D4]. */
export class Admission {
  readonly #catalog: AnyCatalog;
  readonly #logger: Logger;
  /** Records turned away since the start. */
  rejected = 0;

  constructor(catalog: AnyCatalog, logger: Logger) {
    this.#catalog = catalog;
    this.#logger = logger;
  }

  admit(record: LogRecord): StreamRecord {
    // An event that only a newer node's catalog knows: nobody here can have asked for it.
    if (!this.#catalog.has(record.type)) return record;
    try {
      this.#check(record);
      return record;
    } catch (error) {
      this.rejected++;
      const { cursor, type } = record;
      this.#logger.warn(
        { cursor, type, reason: String(error) },
        'a malformed record in the log was not delivered',
      );
      const from = { epoch: record.epoch, seq: record.seq - 1 };
      return gapRecord({ from, to: record, lost: 1, reason: 'dropped' });
    }
  }

  #check(record: LogRecord): void {
    const event = checkedEvent(record);
    if (
      typeof event !== 'object' ||
      event === null ||
      !('event_type' in event && 'data' in event && 'timestamp' in event)
    ) {
      throw new EventsError('INVALID_EVENT', 'not an event envelope');
    }
    if (event.event_type !== record.type)
      throw new EventsError('INVALID_EVENT', 'event_type differs from the entry’s type');
    if (!timestampSchema.safeParse(event.timestamp).success)
      throw new EventsError('INVALID_EVENT', 'timestamp is not ISO 8601');
    // Data that is transformed on the way in would be transformed twice; such a schema cannot judge its own output.
    if (this.#catalog.isPlainJson(record.type)) this.#catalog.parse(record.type, event.data);
  }
}

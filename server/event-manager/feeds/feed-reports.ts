import { formatCursor, type Position, samePosition } from '../../../shared/cursor.ts';
import { debugs } from '../../telemetry/logger.ts';
import type { Hub } from '../hubs/hub.ts';
import { countRead, explainRead } from '../records/reports.ts';
import type { Selector } from '../records/selector.ts';
import type { StreamRecord } from '../records/stream-record.ts';

/** Tells log and metrics of one subscriber in one topic, while it reads. What comes live is told for all at once. */
export class FeedReports {
  readonly #hub: Hub;
  readonly #subscriber: string;

  constructor(hub: Hub, subscriber: string) {
    this.#hub = hub;
    this.#subscriber = subscriber;
  }

  /** Logs the state of the subscriber, for debugging. */
  tell(fields: object, message: string): void {
    const { logger } = this.#hub.telemetry;
    if (!debugs(logger)) return;
    logger.debug({ subscriber: this.#subscriber, topic: this.#hub.log.topic, ...fields }, message);
  }

  started({ key }: Selector, position: Position): void {
    this.tell({ selector: key, from: formatCursor(position) }, 'Subscriber started');
  }

  fellBehind(position: Position): void {
    const message = 'Subscriber is too slow; it goes on from the log when it has room';
    this.tell({ at: formatCursor(position) }, message);
  }

  /** Logs how many records of a range were for the subscriber. @param records begins with those of the range */
  read(records: readonly StreamRecord[], selector: Selector, from: Position, to: Position): void {
    if (!debugs(this.#hub.telemetry.logger) || samePosition(from, to)) return;
    const read = records.filter(({ seq }) => seq <= to.seq);
    const range = { from: formatCursor(from), to: formatCursor(to) };
    this.tell({ ...range, ...explainRead(read, selector) }, 'Subscriber read from the log');
  }

  /** Counts items that the subscriber was handed. */
  count(items: readonly StreamRecord[]): void {
    countRead(this.#hub.telemetry.instruments, items);
    for (const { type, cursor } of items) {
      if (type === 'stream_gap') this.tell({ cursor }, 'Subscriber was told a gap');
    }
  }
}

import type { AnyCatalog } from '../../shared/catalog.ts';
import { EventsError } from '../../shared/errors.ts';
import type { EventInput, EventToPublish, PublishName } from '../../shared/events.ts';
import { type LogEntry, type PublishResult, type PublishTarget, toLogEntry } from '../../shared/log.ts';
import { checkPublishAs, type PublishAs } from '../../shared/options/publish-as.ts';
import { requireEvents } from '../../shared/options/require-events.ts';
import { psycheEvents } from '../../shared/psyche-events.ts';
import { parseTopic } from '../../shared/topic.ts';
import { unsendableInput } from '../connection/encoding.ts';
import { withRetry } from '../failures/retry.ts';
import { type BatchOptions, type ClientPublishOptions, inEvent } from '../publishing.ts';

interface BrokerSenderOptions<C extends AnyCatalog> {
  broker: PublishTarget;
  catalog?: C | undefined;
  by?: string | undefined;
  publishAs?: PublishAs<C> | undefined;
}

/** Publishing straight to a broker: validated here, for nobody else will. */
export class BrokerSender<C extends AnyCatalog> {
  readonly #target: PublishTarget;
  readonly #catalog: AnyCatalog;
  readonly #by: string | undefined;
  readonly #publishAs: ReadonlyMap<string, number>;

  constructor({ broker, catalog, by, publishAs }: BrokerSenderOptions<C>) {
    this.#target = broker;
    this.#catalog = catalog ?? psycheEvents;
    this.#by = by;
    this.#publishAs = checkPublishAs(this.#catalog, publishAs, 'createPublisher');
  }

  async publish<N extends PublishName<C>>(
    event_type: N,
    data: EventInput<N, C>,
    { topic, timestamp, idempotencyKey, ...retry }: ClientPublishOptions = {},
  ): Promise<PublishResult> {
    const log = parseTopic(topic);
    const entry = this.#toEntry({ event_type, data, timestamp, idempotencyKey });
    const [result] = await withRetry(() => this.#target.publish(log, [entry]), retry);
    if (!result) throw new TypeError('createPublisher: broker.publish resolved without a result');
    return result;
  }

  async publishBatch(
    events: readonly EventToPublish<C>[],
    { topic, ...retry }: BatchOptions = {},
  ): Promise<PublishResult[]> {
    requireEvents('publishBatch', events);
    const log = parseTopic(topic);
    const entries = events.map((event, index) => inEvent(index, () => this.#toEntry(event)));
    return entries.length === 0 ? [] : withRetry(() => this.#target.publish(log, entries), retry);
  }

  #toEntry(event: Parameters<typeof toLogEntry>[1]): LogEntry {
    try {
      const version = this.#publishAs.get(event.event_type);
      return toLogEntry(this.#catalog, event, { by: this.#by, version });
    } catch (cause) {
      // Code of the data's own: a getter, a method that a schema calls.
      throw cause instanceof EventsError ? cause : unsendableInput('INVALID_EVENT', 'publish', cause);
    }
  }
}

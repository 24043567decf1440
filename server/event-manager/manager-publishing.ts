import type { AnyCatalog } from '../../shared/catalog.ts';
import type { EventInput, EventName, EventToPublish, PublishName } from '../../shared/events.ts';
import type { PublishResult } from '../../shared/log.ts';
import { checkOptions } from '../../shared/options/known-options.ts';
import { requireEvents } from '../../shared/options/require-events.ts';
import { ManagerOpen } from './open/manager-open.ts';
import type { AcceptedHandler } from './publish/handlers.ts';
import type {
  ManagerPublisher,
  ManagerPublishResult,
  PublishBatchOptions,
  PublishOptions,
} from './publish/publisher.ts';

/** The names of options: a slip in `topic` would publish to another one. */
const BATCH_OPTIONS = { topic: 1, by: 1, settled: 1 } as const;
const PUBLISH_OPTIONS = { topic: 1, by: 1, timestamp: 1, idempotencyKey: 1, traceparent: 1 } as const;

/** Publishing of an EventManager, and what is done with that which it has accepted. */
export abstract class ManagerPublishing<C extends AnyCatalog> extends ManagerOpen<C> {
  protected abstract readonly publisher: ManagerPublisher;

  /** Every call begins here. @throws EventsError CLOSED */
  protected abstract use(): void;

  /**
   * Validates an event and appends it to its topic [D2].
   * @throws EventsError UNKNOWN_EVENT, INVALID_EVENT, INVALID_TOPIC, OVERLOADED, UNAVAILABLE, CLOSED; TypeError where an
   *   option is none
   */
  publish<N extends PublishName<C>>(
    event_type: N,
    data: EventInput<N, C>,
    options: PublishOptions = {},
  ): Promise<ManagerPublishResult> {
    try {
      this.use();
      checkOptions<PublishOptions>('publish', options, PUBLISH_OPTIONS);
    } catch (error) {
      return Promise.reject(error);
    }
    const { topic, by, timestamp, idempotencyKey, traceparent } = options;
    return this.publisher.publish(topic, { event_type, data, timestamp, idempotencyKey, traceparent }, by);
  }

  /**
   * Appends several events to one topic, in order and contiguously: all of them, or, when one is not valid or the
   * broker refuses, none. Not throttled.
   * @throws EventsError as {@link publish}; the issues' paths begin with `events` and the index
   */
  async publishBatch(
    events: readonly EventToPublish<C, EventName<C>>[],
    options: PublishBatchOptions = {},
  ): Promise<PublishResult[]> {
    this.use();
    requireEvents('publishBatch', events);
    checkOptions<PublishBatchOptions>('publishBatch', options, BATCH_OPTIONS);
    return this.publisher.publishBatch(events, options);
  }

  /**
   * Calls `handler` with each event of a type that this process was asked to publish and has accepted: by its own code, or by
   * a client of its server. Other processes handle what they accept. So a mutation starts work on the one node that got it.
   * The handler is called once the event is stored or, if it is ephemeral, announced, and before `publish` resolves; not for
   * a repeated publish that stored nothing, nor for one that a throttle has left out.
   *
   * An event that was accepted and not handled is not handled later: its process may die in between. Whoever asks for work
   * by it asks again where nothing comes of it, so work should have a name by which it is done once.
   * @returns removes the handler
   * @throws EventsError UNKNOWN_EVENT, CLOSED; INVALID_OPTION where the type has a handler, or is a question or a presence, or `handler` is no function
   */
  handle<N extends PublishName<C>>(type: N, handler: AcceptedHandler<N, C>): () => void {
    this.use();
    return this.publisher.handlers.add(type, handler as AcceptedHandler<string, AnyCatalog>); // it gets events N alone
  }

  /**
   * Tells if a procedure publishes requests to this process: an ephemeral event that has a handler here.
   * @internal
   */
  isRequest(path: string): boolean {
    const [, type] = /(?:^|\.)publish\.([^.]+)$/.exec(path) ?? [];
    return type !== undefined && this.publisher.handlers.takesRequests(type);
  }
}

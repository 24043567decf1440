import type { AnyCatalog } from '../../shared/catalog.ts';
import { EventsError } from '../../shared/errors.ts';
import type { EventInput, EventName, EventToPublish } from '../../shared/events.ts';
import type { PublishResult } from '../../shared/log.ts';
import { DEFAULT_TOPIC } from '../../shared/protocol.ts';
import { type PsycheCatalog, psycheEvents } from '../../shared/psyche-events.ts';
import type { HistoryOptions, ReplayOptions } from '../../shared/read-options.ts';
import type { HistoryPage } from '../../shared/stream-items.ts';
import { type Clock, systemClock } from '../../shared/timing.ts';
import { parseTopic } from '../../shared/topic.ts';
import type { Broker } from '../broker/broker.ts';
import { type Logger, silentLogger } from '../telemetry/logger.ts';
import type { Traced, Tracing } from '../telemetry/telemetry.ts';
import { noInstruments } from '../telemetry/telemetry.ts';
import type { EventManagerOptions, ListenerOptions, SubscribeOptions } from './event-manager-options.ts';
import { EventSubscription } from './feeds/event-subscription.ts';
import { readHistory } from './feeds/history.ts';
import { checkReplay, replay } from './feeds/replay.ts';
import { SubscriptionFactory } from './feeds/subscription-factory.ts';
import { HubRegistry } from './hubs/hub-registry.ts';
import { type ListenerHandler, Listeners } from './listeners.ts';
import {
  ManagerPublisher,
  type ManagerPublishResult,
  type PublishOptions,
  type UncheckedEvent,
} from './publish/publisher.ts';
import { type Asker, HeldRecords, ownAsker } from './reading/asker.ts';
import { ReadSteps } from './reading/steps.ts';
import { TopicReaders } from './reading/topic-readers.ts';
import { pageTurns, readTurns } from './reading/turns.ts';
import { RecordChecks } from './records/record-checks.ts';
import { type Selection, select } from './records/selector.ts';
import type { DeliveredItem } from './records/stream-record.ts';
import { DeliveryStats, type EventStats } from './stats/event-stats.ts';

/** Each asks the broker. */
const MAX_LAGS = 100;

/** This process's events: publishes to the broker, follows its topics, and feeds listeners and subscriptions. */
export class EventManager<C extends AnyCatalog = PsycheCatalog> {
  readonly catalog: C;
  /** Its logger. */
  readonly logger: Logger;
  readonly #broker: Broker;
  readonly #checks: RecordChecks;
  readonly #logs: TopicReaders;
  readonly #publisher: ManagerPublisher;
  readonly #deliveries: DeliveryStats;
  readonly #hubs: HubRegistry;
  readonly #listeners: Listeners<C>;
  readonly #subscriptions: SubscriptionFactory;
  /** Turns of all reads of logs, step by step, and those of pages, which are held until they are sent. */
  readonly #reads = readTurns();
  readonly #pages = pageTurns();
  readonly #held = new HeldRecords();
  readonly #clock: Clock;
  readonly #tracing: Tracing | undefined;
  readonly #startedAt = new Date().toISOString();
  #closed = false;

  constructor(options: EventManagerOptions<C>) {
    const { instruments = noInstruments, tracing } = options;
    this.#tracing = tracing;
    const { broker, logger = silentLogger, maxInFlight = 10_000, throttle = {}, lingerMs = 5_000 } = options;
    // C is the seed's catalog exactly when no other is given.
    this.catalog = options.catalog ?? (psycheEvents as AnyCatalog as C);
    this.#broker = broker;
    this.logger = logger;
    this.#clock = options.clock ?? systemClock;
    this.#checks = new RecordChecks(this.catalog, logger);
    this.#logs = new TopicReaders(broker, (record) => this.#checks.admit(record));
    this.#publisher = new ManagerPublisher(this.catalog, broker, maxInFlight, throttle, instruments);
    this.#deliveries = new DeliveryStats(instruments);
    this.#hubs = new HubRegistry(
      (topic) => this.#logs.of(topic),
      { logger, instruments, tracing },
      (hub) => this.#deliveries.watch(hub),
      lingerMs,
    );
    this.#listeners = new Listeners(logger);
    this.#subscriptions = new SubscriptionFactory(
      this.catalog,
      {
        acquire: (topic) => {
          this.#assertOpen();
          return this.#hubs.acquire(topic);
        },
        topics: (sink) => broker.topics(sink),
      },
      this.#deliveries,
      this.#reads,
      this.#held,
    );
  }

  /**
   * Validates an event and appends it to its topic [D2].
   * @throws EventsError UNKNOWN_EVENT, INVALID_EVENT, INVALID_TOPIC, OVERLOADED, UNAVAILABLE, CLOSED
   */
  publish<N extends EventName<C>>(
    event_type: N,
    data: EventInput<N, C>,
    options: PublishOptions = {},
  ): Promise<ManagerPublishResult> {
    if (this.#closed) return Promise.reject(managerClosed());
    const { topic, timestamp, idempotencyKey, traceparent } = options;
    const event = { event_type, data, timestamp, idempotencyKey, traceparent };
    // Not async: each further promise is a twentieth of what a publish costs here.
    if (!this.#tracing) return this.#publisher.publish(topic, event);
    return this.#publishTraced(this.#tracing, topic, event);
  }

  /**
   * Appends several events to one topic, in order and contiguously: all of them, or, when one is not valid or the
   * broker refuses, none. Not throttled.
   * @throws EventsError as {@link publish}; the issues' paths begin with `events` and the index
   */
  async publishBatch(
    events: readonly EventToPublish<C>[],
    options: { topic?: string | undefined } = {},
  ): Promise<PublishResult[]> {
    this.#assertOpen();
    const { topic } = options;
    const publish = (traceparent?: string) => {
      const all = traceparent === undefined ? events : events.map((event) => ({ ...event, traceparent }));
      return this.#publisher.publishBatch(topic, all);
    };
    const types = events.map(({ event_type }) => event_type);
    return this.#tracing?.publish(traced(topic, types, events[0]?.traceparent), publish) ?? publish();
  }

  /** Calls `handler` for every event of a topic from now on, in order. Returns the id for {@link removeListener}. */
  addListener<N extends EventName<C> = EventName<C>>(
    handler: ListenerHandler<N, C>,
    options: ListenerOptions<N, C> = {},
  ): string {
    this.#assertOpen();
    const selector = select(this.catalog, options);
    return this.#listeners.add(this.#hubs.acquire(parseTopic(options.topic)), selector, handler);
  }

  /** False if there was no such listener. */
  removeListener(id: string): boolean {
    return this.#listeners.remove(id);
  }

  /**
   * A subscription; nothing happens until it is iterated or attached.
   * @throws EventsError INVALID_TOPIC, UNKNOWN_EVENT, INVALID_FILTER, INVALID_CURSOR, INVALID_OPTION
   */
  subscribe<N extends EventName<C> = EventName<C>>(
    options: SubscribeOptions<N, C> = {},
  ): EventSubscription<N, C> {
    this.#assertOpen();
    const { signal } = options;
    const whenSlow = options.whenSlow ?? 'refill';
    return new EventSubscription<N, C>({ attach: this.#subscriptions.attach(options), whenSlow, signal });
  }

  /**
   * A part of a topic's past, each event when its time has come; ends with a `stream_synced`. Nothing happens until it
   * is iterated, once.
   * @throws EventsError INVALID_CURSOR, INVALID_TOPIC, INVALID_OPTION, UNKNOWN_EVENT, INVALID_FILTER
   */
  replay<N extends EventName<C> = EventName<C>>({
    signal,
    asker = ownAsker(),
    ...options
  }: ReplayOptions<N, C> &
    Pick<Selection, 'unknownTypes'> & {
      signal?: AbortSignal | undefined;
      asker?: Asker | undefined;
    } = {}): AsyncIterable<DeliveredItem<N, C>> {
    this.#assertOpen();
    checkReplay(options);
    const selector = select(this.catalog, options);
    return replay<N, C>(this.#logs.of(parseTopic(options.topic)), selector, options, {
      clock: this.#clock,
      signal,
      reads: { turns: this.#reads, asker, held: this.#held },
    });
  }

  /**
   * A page of a topic's past. It may be empty and yet not the end: see {@link HistoryPage}.
   * @throws EventsError INVALID_CURSOR, INVALID_TOPIC, INVALID_OPTION, UNAVAILABLE, OVERLOADED
   */
  async history<N extends EventName<C> = EventName<C>>({
    asker = ownAsker(),
    ...options
  }: HistoryOptions<N, C> & Pick<Selection, 'unknownTypes'> & { asker?: Asker | undefined } = {}): Promise<
    HistoryPage<N, C>
  > {
    this.#assertOpen();
    const log = this.#logs.of(parseTopic(options.topic));
    return this.#pages.run(asker, async () => {
      asker.admitAnswer();
      // Not before its turn: a filter that is compiled takes ten times the memory of one that waits.
      const selector = select(this.catalog, options);
      const steps = new ReadSteps({ turns: this.#reads, asker: unhurried(asker), held: this.#held });
      const { page, chars } = await readHistory<N, C>(log, selector, options, steps);
      asker.answered(chars);
      return page;
    });
  }

  /** Counts of this process since it started. */
  stats(): EventStats {
    const { names } = this.catalog;
    const { gate, published, invalid, unavailable } = this.#publisher;
    return {
      startedAt: this.#startedAt,
      now: new Date().toISOString(),
      published: published.toRecord(names),
      received: this.#deliveries.counts.toRecord(names),
      lastEventAt: this.#deliveries.lastEventAt,
      queueSize: gate.inFlight,
      queueLimit: gate.limit,
      subscribers: this.#deliveries.subscribers,
      listeners: this.#listeners.size,
      topics: this.#hubs.topics,
      errors: {
        invalid,
        overloaded: gate.overloaded,
        unavailable,
        listener: this.#listeners.errors,
        malformed: this.#checks.rejected,
      },
    };
  }

  /**
   * By how many records the topic that is furthest behind its log is behind, of the first 100 that are followed; null
   * while the log cannot be reached.
   */
  async lag(): Promise<number | null> {
    const lags = await Promise.all(this.#hubs.hubs.slice(0, MAX_LAGS).map((hub) => hub.lag()));
    return lags.reduce<number | null>(
      (most, lag) => (most === null || lag === null ? null : Math.max(most, lag)),
      0,
    );
  }

  /** Sends what a throttle holds back, hands out what has arrived, ends all subscriptions, and closes the broker. Idempotent. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#publisher.flush();
    this.#hubs.close();
    this.#subscriptions.close();
    await this.#broker.close();
  }

  async #publishTraced(
    tracing: Tracing,
    topic: string | undefined,
    event: UncheckedEvent,
  ): Promise<ManagerPublishResult> {
    const { event_type, traceparent: given } = event;
    return await tracing.publish(traced(topic, [event_type], given), (traceparent = given) =>
      this.#publisher.publish(topic, { ...event, traceparent }),
    );
  }

  #assertOpen(): void {
    if (this.#closed) throw managerClosed();
  }
}

function managerClosed(): EventsError {
  return new EventsError('CLOSED', 'The event manager is closed.');
}

/** Asker of a page in the making: nobody waits in the midst of one, since it would hold up those of others. */
function unhurried(asker: Asker): Asker {
  return {
    ...ownAsker(),
    get gone() {
      return asker.gone;
    },
  };
}

function traced(topic = DEFAULT_TOPIC, types: readonly string[], traceparent: string | undefined): Traced {
  return { topic, type: [...new Set(types)].join(','), traceparent };
}

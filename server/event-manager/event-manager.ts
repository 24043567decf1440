import type { AnyCatalog } from '../../shared/catalog.ts';
import { EventsError } from '../../shared/errors.ts';
import type { EventName } from '../../shared/events.ts';
import type { OpenPage } from '../../shared/open/open-page.ts';
import { checkPublishAs } from '../../shared/options/publish-as.ts';
import type {
  EraseOptions,
  EraseResult,
  EventSelection,
  HistoryOptions,
  ReplayOptions,
} from '../../shared/options/read-options.ts';
import { type PsycheCatalog, psycheEvents } from '../../shared/psyche-events.ts';
import type { HistoryPage } from '../../shared/stream-items.ts';
import { type Clock, systemClock } from '../../shared/timing.ts';
import { parseTopic } from '../../shared/topic.ts';
import type { Broker, LogRecord } from '../broker/broker.ts';
import { MAX_OPEN } from '../broker/open/open-events.ts';
import { IsolatedCalls } from '../telemetry/isolated-calls.ts';
import { type Logger, silentLogger } from '../telemetry/logger.ts';
import { noInstruments } from '../telemetry/telemetry.ts';
import { checkReading, type WayToRead } from './check-reading.ts';
import { Eraser, requireWhich } from './erasing/eraser.ts';
import {
  checkManagerOptions,
  type EventManagerOptions,
  type ListenerOptions,
  type ReadFor,
  type SubscribeOptions,
} from './event-manager-options.ts';
import { EventSubscription } from './feeds/event-subscription.ts';
import { readHistory } from './feeds/past/history.ts';
import { checkReplay, replay } from './feeds/past/replay.ts';
import { SubscriptionFactory } from './feeds/subscription-factory.ts';
import { HubRegistry } from './hubs/hub-registry.ts';
import { type ListenerHandler, Listeners } from './listeners.ts';
import { ManagerPublishing } from './manager-publishing.ts';
import { OpenEventsPart } from './open/open-events-part.ts';
import { readOpen } from './open/open-reader.ts';
import type { OpenVerbs } from './open/open-verbs.ts';
import { Handlers } from './publish/handlers.ts';
import { warnOfLackingWaysBack } from './publish/held-versions.ts';
import { Intake } from './publish/intake.ts';
import { ManagerPublisher } from './publish/publisher.ts';
import { ownAsker } from './reading/asker.ts';
import { ProcessReads } from './reading/process-reads.ts';
import { openSetsOf } from './reading/topic-open.ts';
import { TopicReaders } from './reading/topic-readers.ts';
import { NewerVersions } from './records/newer-versions.ts';
import { RecordChecks } from './records/record-checks.ts';
import { SchemaComparison } from './records/schema-comparison.ts';
import { ofThePast, select } from './records/selector.ts';
import type { DeliveredItem } from './records/stream-record.ts';
import { DeliveryStats, type EventStats } from './stats/event-stats.ts';

/** This process's events: publishes to the broker, follows its topics, and feeds listeners and subscriptions. */
export class EventManager<C extends AnyCatalog = PsycheCatalog> extends ManagerPublishing<C> {
  readonly catalog: C;
  /** Its logger. */
  readonly logger: Logger;
  readonly #broker: Broker;
  readonly #schemas: SchemaComparison;
  readonly #checks: RecordChecks;
  readonly #newer: NewerVersions;
  readonly #logs: TopicReaders;
  readonly #intake: Intake;
  protected readonly publisher: ManagerPublisher;
  /** Calls of listeners and handlers. */
  readonly #calls: IsolatedCalls;
  readonly #open: OpenEventsPart;
  readonly #deliveries: DeliveryStats;
  readonly #hubs: HubRegistry;
  readonly #listeners: Listeners<C>;
  readonly #subscriptions: SubscriptionFactory;
  readonly #reads = new ProcessReads();
  protected readonly clock: Clock;
  readonly #startedAt = new Date().toISOString();
  readonly #closers = new Set<() => unknown>();
  #closed = false;

  /** @throws TypeError without a broker, or where an option is none */
  constructor(options: EventManagerOptions<C>) {
    super();
    checkManagerOptions(options);
    const { instruments = noInstruments, tracing } = options;
    const { broker, logger = silentLogger, maxInFlight = 10_000, throttle = {}, lingerMs = 5_000 } = options;
    const { onNewerVersion, clock = systemClock, maxOpen = MAX_OPEN } = options;
    // C is the seed's catalog exactly when no other is given.
    this.catalog = options.catalog ?? (psycheEvents as AnyCatalog as C);
    this.#broker = broker;
    this.logger = logger;
    this.clock = clock;
    this.#schemas = new SchemaComparison(this.catalog, broker, logger);
    this.#checks = new RecordChecks(this.catalog, logger, (...schema) => this.#schemas.isFirst(...schema));
    this.#newer = new NewerVersions({ catalog: this.catalog, clock, logger, onNewerVersion });
    const ready = this.#checks.needsFirst ? () => this.#schemas.compare() : undefined;
    const waits = { newer: this.#newer, turns: this.#reads.turns, ready };
    const admit = (record: LogRecord) => this.#checks.admit(record);
    this.#logs = new TopicReaders(broker, admit, waits, openSetsOf(this.catalog, broker));
    const { catalog } = this;
    const publishAs = checkPublishAs(catalog, options.publishAs, 'EventManager');
    this.#intake = new Intake(maxInFlight, instruments, (...written) => this.#hubs.wrote(...written));
    const ways = { catalog, broker, intake: this.#intake, publishAs, tracing };
    this.#calls = new IsolatedCalls(logger);
    const handlers = new Handlers(catalog, this.#calls, tracing);
    this.publisher = new ManagerPublisher({ ...ways, handlers }, throttle);
    this.#open = new OpenEventsPart({ ...ways, maxOpen, logger, admit, clock: options.clock });
    warnOfLackingWaysBack(catalog, publishAs, logger);
    this.#deliveries = new DeliveryStats(instruments);
    this.#hubs = new HubRegistry(
      (topic) => this.#logs.of(topic),
      { logger, instruments, tracing },
      (hub) => this.#deliveries.watch(hub),
      lingerMs,
    );
    this.#listeners = new Listeners(this.#calls);
    this.#subscriptions = new SubscriptionFactory(
      this.catalog,
      {
        acquire: (topic) => {
          this.use();
          return this.#hubs.acquire(topic);
        },
        topics: (sink, signal) => broker.topics(sink, signal),
      },
      this.#deliveries,
      this.#reads,
    );
  }

  /** Calls `handler` for every event of a topic, in order, from when it is attached: see {@link ListenerHandler}. Returns the id for {@link removeListener}. */
  addListener<N extends EventName<C> = EventName<C>>(
    handler: ListenerHandler<N, C>,
    options: ListenerOptions<N, C> = {},
  ): string {
    this.#use('addListener', options);
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
    this.#use('subscribe', options);
    const { signal, whenSlow } = options;
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
  }: ReplayOptions<N, C> & ReadFor & { signal?: AbortSignal | undefined } = {}): AsyncIterable<
    DeliveredItem<N, C>
  > {
    this.#use('replay', options);
    checkReplay(options);
    const selector = ofThePast(select(this.catalog, options));
    return replay<N, C>(this.#logs.of(parseTopic(options.topic)), selector, options, {
      clock: this.clock,
      signal,
      reads: this.#reads.of(asker),
    });
  }

  /**
   * A page of a topic's past. It may be empty and yet not the end: see {@link HistoryPage}.
   * @throws EventsError INVALID_CURSOR, INVALID_TOPIC, INVALID_OPTION, UNAVAILABLE, OVERLOADED
   */
  async history<N extends EventName<C> = EventName<C>>({
    asker = ownAsker(),
    ...options
  }: HistoryOptions<N, C> & ReadFor = {}): Promise<HistoryPage<N, C>> {
    this.#use('history', options);
    const log = this.#logs.of(parseTopic(options.topic));
    return this.#reads.page(asker, (steps) => {
      // Not before its turn: a filter that is compiled takes ten times the memory of one that waits.
      const selector = ofThePast(select(this.catalog, options));
      return readHistory<N, C>(log, selector, options, steps);
    });
  }

  /**
   * Takes events back, from the log and from all who have them: their places stay, as gaps `erased` [V7]. What is published
   * meanwhile is not looked at. A filter `{}` takes records too that this catalog cannot read; one with conditions counts
   * them as `unreadable`. A call that fails may have erased a part: repeat it.
   * @throws EventsError INVALID_CURSOR, INVALID_TOPIC, INVALID_OPTION, UNKNOWN_EVENT, INVALID_FILTER, UNAVAILABLE, CLOSED
   */
  async erase<N extends EventName<C> = EventName<C>>({
    asker = ownAsker(),
    ...options
  }: EraseOptions<N, C> & Pick<ReadFor, 'asker'>): Promise<EraseResult> {
    this.#use('erase', options);
    requireWhich(options);
    const log = this.#logs.of(parseTopic(options.topic));
    const eraser = new Eraser(this.#broker, log, this.#reads.steps(asker));
    if (options.cursor !== undefined) return { erased: await eraser.one(options.cursor) };
    const isUnconditional = Object.keys(options.filter).length === 0;
    return eraser.all({ selector: select(this.catalog, options), isUnconditional });
  }

  /** The verbs of open events as single calls: see {@link ManagerOpen.opens}. @throws EventsError CLOSED */
  get opens(): OpenVerbs {
    this.use();
    return this.#open.verbs;
  }

  async openEvents<N extends EventName<C> = EventName<C>>({
    asker = ownAsker(),
    ...options
  }: EventSelection<N, C> & ReadFor = {}): Promise<OpenPage<N, C>> {
    this.#use('openEvents', options);
    const log = this.#logs.of(parseTopic(options.topic));
    return this.#reads.page(asker, (steps) => readOpen<N, C>(log, select(this.catalog, options), steps));
  }

  /** Counts of this process since it started. */
  stats(): EventStats {
    const { names } = this.catalog;
    const { published, ...queue } = this.#intake.stats(names);
    return {
      startedAt: this.#startedAt,
      now: new Date().toISOString(),
      published,
      received: this.#deliveries.counts.toRecord(names),
      lastEventAt: this.#deliveries.lastEventAt,
      ...queue,
      subscribers: this.#deliveries.subscribers,
      listeners: this.#listeners.size,
      topics: this.#hubs.topics,
      errors: { ...this.#intake.errors, listener: this.#calls.errors, malformed: this.#checks.rejected },
      malformed: this.#checks.rejectedByVersion,
    };
  }

  /** Records that the topic furthest behind its log lacks, of the first 100 followed; null while that is not known. */
  async lag(): Promise<number | null> {
    return this.#hubs.lag();
  }

  /**
   * Calls `call` when this manager is closed, before its subscriptions end, and waits for what it returns: to settle what
   * would else be open until its lease is over. A failure is logged.
   * @returns takes it back
   */
  onClose(call: () => unknown): () => void {
    this.use();
    const own = () => call(); // of its own, so that one function may be handed over twice
    this.#closers.add(own);
    return () => void this.#closers.delete(own);
  }

  /** Sends what a throttle holds back, hands out what has arrived, ends all subscriptions, and closes the broker. Idempotent. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#closers.size > 0) await this.#callClosers();
    this.publisher.flush();
    const changed = this.#open.close();
    this.#newer.close();
    this.#hubs.close();
    this.#subscriptions.close();
    await changed.then(() => this.#broker.close());
  }

  async #callClosers(): Promise<void> {
    const results = await Promise.allSettled([...this.#closers].map(async (call) => call()));
    for (const result of results)
      if (result.status === 'rejected')
        this.logger.error(
          { err: result.reason },
          'What was to be done at the close of the event manager failed',
        );
  }

  protected use(): void {
    if (this.#closed) throw new EventsError('CLOSED', 'The event manager is closed.');
    this.#schemas.compare();
  }

  /** {@link use}, for a way to read. @throws TypeError for an option that it has not */
  #use(way: WayToRead, options: object): void {
    this.use();
    checkReading(way, options);
  }
}

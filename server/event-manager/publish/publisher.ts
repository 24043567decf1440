import type { AnyCatalog } from '../../../shared/catalog.ts';
import { EventsError } from '../../../shared/errors.ts';
import type { EventInput, EventName, PublishMeta } from '../../../shared/events.ts';
import { type LogEntry, type PublishResult, type PublishTarget, toLogEntry } from '../../../shared/log.ts';
import { checkPublishAs } from '../../../shared/publish-as.ts';
import { parseTopic } from '../../../shared/topic.ts';
import type { Instruments } from '../../telemetry/telemetry.ts';
import { Counts } from '../stats/event-stats.ts';
import { heldRefusal } from './held-versions.ts';
import { Throttle } from './throttle.ts';

/** Options of a publish: the topic, and details beside the data. */
export interface PublishOptions extends PublishMeta {
  /** Default `default`. */
  topic?: string | undefined;
  /**
   * Publisher of the event: the id of a subject, stored as it is said here [V6]. Say what your own code knows,
   * never what a client sent. Default: nobody is named.
   */
  by?: string | undefined;
}

/** Options of a batch: the topic, and who publishes: one for all events, or one for each. */
export interface PublishBatchOptions extends Pick<PublishOptions, 'topic'> {
  /** As for one event; a list has one for each event, in their order. Default: nobody is named. */
  by?: string | readonly (string | undefined)[] | undefined;
}

/** Result of a publish here: `conflated` if a throttle let a later event stand in for this one. */
export type ManagerPublishResult = PublishResult & { conflated?: true };

/** An event that nobody has validated yet. */
export type UncheckedEvent = { event_type: string; data: unknown } & PublishMeta;

/** The way in: validation, throttles, the bound on what is in flight, and the counts of it all. */
export class ManagerPublisher {
  readonly gate: PublishGate;
  /** Events accepted, per type. */
  readonly published = new Counts();
  /** Events refused because they were not valid. */
  invalid = 0;
  /** Events the broker failed to append. */
  unavailable = 0;
  readonly #catalog: AnyCatalog;
  readonly #target: PublishTarget;
  readonly #instruments: Instruments;
  readonly #throttles = new Map<string, Throttle<PublishResult[]>>();
  /** Versions that events are held at. */
  readonly #publishAs: ReadonlyMap<string, number>;

  constructor(
    catalog: AnyCatalog,
    target: PublishTarget,
    maxInFlight: number,
    throttleMs: Readonly<Record<string, number | undefined>>,
    publishAs: Readonly<Record<string, number | undefined>>,
    instruments: Instruments,
  ) {
    this.#publishAs = checkPublishAs(catalog, publishAs, 'EventManager');
    this.#instruments = instruments;
    this.#catalog = catalog;
    this.#target = target;
    this.gate = new PublishGate(maxInFlight);
    for (const [name, intervalMs] of Object.entries(throttleMs)) {
      if (!catalog.has(name))
        throw new TypeError(`EventManager: throttle names ${name}, which the catalog does not have`);
      if (intervalMs !== undefined) this.#throttles.set(name, new Throttle(intervalMs));
    }
  }

  async publish(
    topicName: string | undefined,
    event: UncheckedEvent,
    by?: PublishOptions['by'],
  ): Promise<ManagerPublishResult> {
    const topic = parseTopic(topicName);
    const entry = this.#validated(() => this.#toEntry(event, by));
    const throttle = this.#throttles.get(entry.type);
    this.gate.enter(1);
    try {
      if (!throttle) return only(await this.#append(topic, [entry]));
      const { result, replaced } = await throttle.run(topic, () => this.#append(topic, [entry]));
      return replaced ? { ...only(result), conflated: true } : only(result);
    } finally {
      this.gate.leave(1);
    }
  }

  async publishBatch(
    topicName: string | undefined,
    events: readonly UncheckedEvent[],
    by?: PublishBatchOptions['by'],
  ): Promise<PublishResult[]> {
    const topic = parseTopic(topicName);
    const publisherOf = (index: number) => (typeof by === 'object' ? by[index] : by);
    const entries = this.#validated(() =>
      events.map((event, index) => atIndex(index, () => this.#toEntry(event, publisherOf(index)))),
    );
    if (entries.length === 0) return [];
    this.gate.enter(entries.length);
    try {
      return await this.#append(topic, entries);
    } finally {
      this.gate.leave(entries.length);
    }
  }

  /** Sends what throttles hold back. */
  flush(): void {
    for (const throttle of this.#throttles.values()) throttle.flush();
  }

  #toEntry(event: UncheckedEvent, by: string | undefined): LogEntry {
    const version = this.#publishAs.get(event.event_type);
    try {
      return toLogEntry(this.#catalog, event, { by, version });
    } catch (error) {
      throw version === undefined ? error : heldRefusal(error, event.event_type, version);
    }
  }

  /** Appends, and counts. Not async: each further promise is a twentieth of what a publish costs here. */
  #append(topic: string, entries: readonly LogEntry[]): Promise<PublishResult[]> {
    const startedAt = performance.now();
    return this.#target.publish(topic, entries).then(
      (results) => {
        this.#instruments.published(performance.now() - startedAt);
        for (const [index, { type }] of entries.entries()) {
          if (!results[index]?.duplicate) this.published.add(type);
        }
        return results;
      },
      (error: unknown) => {
        this.unavailable += entries.length;
        throw error;
      },
    );
  }

  #validated<T>(validate: () => T): T {
    try {
      return validate();
    } catch (error) {
      this.invalid++;
      throw error;
    }
  }
}

function only([result]: readonly PublishResult[]): PublishResult {
  if (!result) throw new TypeError('Broker.publish resolved without a result');
  return result;
}

/** Puts the index of an event before the paths of its issues. */
function atIndex<T>(index: number, validate: () => T): T {
  try {
    return validate();
  } catch (error) {
    if (!(error instanceof EventsError)) throw error;
    const issues = error.issues.map(({ path, message }) => ({ path: ['events', index, ...path], message }));
    throw new EventsError(error.code, `Nothing of the batch was stored. events.${index}: ${error.message}`, {
      issues,
    });
  }
}

/** Bounds what is in flight between publishers and the broker [D10]. */
class PublishGate {
  readonly limit: number;
  #inFlight = 0;
  /** Publishes turned away since the start. */
  overloaded = 0;

  constructor(limit: number) {
    if (!Number.isInteger(limit) || limit < 1)
      throw new TypeError('EventManager: maxInFlight must be a positive integer');
    this.limit = limit;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Counts publishes in, until they {@link leave}. @throws EventsError OVERLOADED when `count` more would pass the limit */
  enter(count: number): void {
    if (this.#inFlight + count > this.limit) {
      this.overloaded += count;
      throw new EventsError(
        'OVERLOADED',
        `${this.#inFlight} publishes are in flight and at most ${this.limit} may be. Nothing was stored: try again later, or publish slower.`,
      );
    }
    this.#inFlight += count;
  }

  leave(count: number): void {
    this.#inFlight -= count;
  }
}

/** An EventManager whose catalog has an event of the Psyche Simulation: its own, or one with more. */
export interface PublisherOf<N extends EventName> {
  publish(event_type: N, data: EventInput<N>, options?: PublishOptions): Promise<ManagerPublishResult>;
}

/** Publishes an `agent_message`. */
export function broadcastAgentMessage(
  manager: PublisherOf<'agent_message'>,
  data: EventInput<'agent_message'>,
  options?: PublishOptions,
): Promise<ManagerPublishResult> {
  return manager.publish('agent_message', data, options);
}

/** Publishes a `network_update`. */
export function broadcastNetworkUpdate(
  manager: PublisherOf<'network_update'>,
  data: EventInput<'network_update'>,
  options?: PublishOptions,
): Promise<ManagerPublishResult> {
  return manager.publish('network_update', data, options);
}

/** Publishes a `system_status`. */
export function broadcastSystemStatus(
  manager: PublisherOf<'system_status'>,
  data: EventInput<'system_status'>,
  options?: PublishOptions,
): Promise<ManagerPublishResult> {
  return manager.publish('system_status', data, options);
}

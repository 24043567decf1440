import type { AnyCatalog } from '../../../shared/catalog.ts';
import { EventsError } from '../../../shared/errors.ts';
import type { EventInput, EventName, PublishMeta } from '../../../shared/events.ts';
import { type EntryStamp, type LogEntry, type PublishResult, toLogEntry } from '../../../shared/log.ts';
import { settlementId } from '../../../shared/open/open-part.ts';
import { parseTopic } from '../../../shared/topic.ts';
import type { Broker } from '../../broker/broker.ts';
import { requireOpenSets } from '../../broker/require-open-sets.ts';
import type { Tracing } from '../../telemetry/telemetry.ts';
import { type CopiedSettlement, copiedStamp } from './copied.ts';
import type { Handlers } from './handlers.ts';
import { heldRefusal } from './held-versions.ts';
import type { Intake } from './intake.ts';
import { Throttle } from './throttle.ts';
import { traced } from './traced.ts';

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
  /**
   * Settlements that are copied from another log: a list that has for each event, in their order, how it was settled there.
   * Each becomes a record with its `open` part and its answer, under the id that a settlement has: `idempotencyKey` is not
   * asked. Nothing is begun or settled by it, and nobody is told of it but by the record; so say what such a log holds, never
   * what a client sent. Default: all events are complete.
   */
  settled?: readonly (CopiedSettlement | undefined)[] | undefined;
}

/** Result of a publish here: `conflated` if a throttle let a later event stand in for this one. */
export type ManagerPublishResult = PublishResult & { conflated?: true };

/** An event that nobody has validated yet. */
export type UncheckedEvent = { event_type: string; data: unknown } & PublishMeta;

/** Parts of a {@link ManagerPublisher}. */
export interface PublisherParts {
  readonly catalog: AnyCatalog;
  readonly broker: Pick<Broker, 'publish' | 'open'>;
  readonly intake: Intake;
  /** Called with what was accepted. */
  readonly handlers: Handlers;
  /** Versions that events are held at. */
  readonly publishAs: ReadonlyMap<string, number>;
  readonly tracing: Tracing | undefined;
}

/** Ms between two events of a type, by its name. */
type ThrottleMs = Readonly<Record<string, number | undefined>>;

/** The way in of events that are complete: validation and throttles. */
export class ManagerPublisher {
  readonly #catalog: AnyCatalog;
  readonly #broker: Pick<Broker, 'publish' | 'open'>;
  readonly #intake: Intake;
  readonly #throttles = new Map<string, Throttle<PublishResult[]>>();
  /** Versions that events are held at. */
  readonly #publishAs: ReadonlyMap<string, number>;
  readonly #tracing: Tracing | undefined;
  /** Called with what was accepted. */
  readonly handlers: Handlers;

  constructor(parts: PublisherParts, throttleMs: ThrottleMs) {
    const { catalog, broker, intake, handlers, publishAs, tracing } = parts;
    this.handlers = handlers;
    this.#catalog = catalog;
    this.#broker = broker;
    this.#intake = intake;
    this.#publishAs = publishAs;
    this.#tracing = tracing;
    for (const [name, intervalMs] of Object.entries(throttleMs)) {
      if (!catalog.has(name))
        throw new TypeError(`EventManager: throttle names ${name}, which the catalog does not have`);
      if (intervalMs !== undefined) this.#throttles.set(name, new Throttle(intervalMs, stores));
    }
  }

  publish(
    topic: string | undefined,
    event: UncheckedEvent,
    by?: PublishOptions['by'],
  ): Promise<ManagerPublishResult> {
    // Not async: each further promise is a twentieth of what a publish costs here.
    if (!this.#tracing) return this.#publish(topic, event, by);
    const { event_type, traceparent: given } = event;
    return this.#tracing.publish(traced(topic, [event_type], given), (traceparent = given) =>
      this.#publish(topic, { ...event, traceparent }, by),
    );
  }

  publishBatch(
    events: readonly UncheckedEvent[],
    options: PublishBatchOptions = {},
  ): Promise<PublishResult[]> {
    const publish = (traceparent?: string) => {
      const all = traceparent === undefined ? events : events.map((event) => ({ ...event, traceparent }));
      return this.#publishBatch(all, options);
    };
    const types = events.map(({ event_type }) => event_type);
    return this.#tracing?.publish(traced(options.topic, types, events[0]?.traceparent), publish) ?? publish();
  }

  async #publish(
    topicName: string | undefined,
    event: UncheckedEvent,
    by: PublishOptions['by'],
  ): Promise<ManagerPublishResult> {
    const topic = parseTopic(topicName);
    const isEphemeral = this.#catalog.opens[event.event_type]?.kind === 'ephemeral';
    const stored = isEphemeral ? false : undefined;
    const entry = this.#intake.validated(() =>
      this.#toEntry(event, { by, version: this.#publishAs.get(event.event_type), stored }),
    );
    const throttle = this.#throttles.get(entry.type);
    this.#intake.gate.enter(1);
    try {
      if (!throttle) return only(await this.#send(topic, entry, isEphemeral));
      const { result, replaced } = await throttle.run(topic, () => this.#send(topic, entry, isEphemeral));
      return replaced ? { ...only(result), conflated: true } : only(result);
    } finally {
      this.#intake.gate.leave(1);
    }
  }

  async #publishBatch(
    events: readonly UncheckedEvent[],
    { topic: topicName, by, settled }: PublishBatchOptions,
  ): Promise<PublishResult[]> {
    const topic = parseTopic(topicName);
    const toEntry = (event: UncheckedEvent, index: number): LogEntry => {
      const copied = settled?.[index];
      const stamp = {
        by: typeof by === 'object' ? by[index] : by,
        version: this.#publishAs.get(event.event_type),
      };
      if (!copied) return this.#toEntry(event, stamp);
      const as = copiedStamp(this.#catalog, event.event_type, copied);
      // Under the id that settlements have: so it is stored once, and erased with its event.
      return this.#toEntry({ ...event, idempotencyKey: settlementId(as.open.id) }, { ...stamp, ...as });
    };
    const entries = this.#intake.validated(() =>
      events.map((event, index) => atIndex(index, () => toEntry(event, index))),
    );
    if (entries.length === 0) return [];
    this.#intake.gate.enter(entries.length);
    try {
      return await this.#append(topic, entries);
    } finally {
      this.#intake.gate.leave(entries.length);
    }
  }

  /** Sends what throttles hold back. */
  flush(): void {
    for (const throttle of this.#throttles.values()) throttle.flush();
  }

  #toEntry(event: UncheckedEvent, stamp: EntryStamp): LogEntry {
    const { version } = stamp;
    try {
      return toLogEntry(this.#catalog, event, stamp);
    } catch (error) {
      throw version === undefined ? error : heldRefusal(error, event.event_type, version);
    }
  }

  #send(topic: string, entry: LogEntry, isEphemeral: boolean): Promise<PublishResult[]> {
    return isEphemeral ? this.#announce(topic, entry) : this.#append(topic, [entry]);
  }

  #append(topic: string, entries: readonly LogEntry[]): Promise<PublishResult[]> {
    return this.#intake.write(
      entries.length,
      () => this.#broker.publish(topic, entries),
      (results) => {
        const last = results.at(-1);
        if (last) this.#intake.wrote(topic, last.cursor); // before a handler, which may subscribe
        for (const [index, entry] of entries.entries()) {
          const result = results[index];
          if (!result?.duplicate) this.#intake.published.add(entry.type);
          if (result && !result.duplicate) this.handlers.accepted(topic, entry, result.cursor);
        }
      },
    );
  }

  /** Hands an event to those who are there: no log stores it. */
  async #announce(topic: string, entry: LogEntry): Promise<PublishResult[]> {
    const sets = requireOpenSets(this.#broker);
    const announce = () => sets.announce(topic, entry);
    const cursor = await this.#intake.write(1, announce, (at) => {
      this.#intake.published.add(entry.type);
      this.handlers.accepted(topic, entry, at);
    });
    return [{ cursor, duplicate: false }];
  }
}

function only([result]: readonly PublishResult[]): PublishResult {
  if (!result) throw new TypeError('Broker.publish resolved without a result');
  return result;
}

/** Puts the index of an event before the paths of its issues; an error without any is an issue of the event as a whole. */
function atIndex<T>(index: number, validate: () => T): T {
  try {
    return validate();
  } catch (error) {
    if (!(error instanceof EventsError)) throw error;
    const { message } = error;
    const told = error.issues.length > 0 ? error.issues : [{ path: [], message }];
    const issues = told.map((issue) => ({ path: ['events', index, ...issue.path], message: issue.message }));
    throw new EventsError(error.code, `Nothing of the batch was stored. events.${index}: ${message}`, {
      issues,
    });
  }
}

function stores(results: PublishResult[]): boolean {
  return results.some(({ duplicate }) => !duplicate);
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

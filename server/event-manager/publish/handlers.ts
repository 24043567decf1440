import type { AnyCatalog } from '../../../shared/catalog.ts';
import { EventsError } from '../../../shared/errors.ts';
import type { EventName, EventOf } from '../../../shared/events.ts';
import { fromLogEntry, type LogEntry } from '../../../shared/log.ts';
import type { IsolatedCalls } from '../../telemetry/isolated-calls.ts';
import type { Tracing } from '../../telemetry/telemetry.ts';

/** Facts about an event that was accepted, beside itself. */
export interface Accepted {
  readonly topic: string;
  /** Id of the subject that published it, as the server knows it; undefined where nobody is authenticated. */
  readonly by: string | undefined;
  /** Its place in the topic; of an ephemeral event, that of the last record before it. */
  readonly cursor: string;
}

/** Called with each event of its type that this process accepted. What it returns is not waited for; a throw or rejection is logged and counted. */
export type AcceptedHandler<N extends EventName<C>, C extends AnyCatalog> = (
  event: EventOf<N, C>,
  accepted: Accepted,
) => unknown;

/** A handler as the publisher has it: of any type. */
type AnyHandler = (event: EventOf<string, AnyCatalog>, accepted: Accepted) => unknown;

/** Handlers of what this process accepts, one for each type. */
export class Handlers {
  readonly #catalog: AnyCatalog;
  readonly #calls: IsolatedCalls;
  readonly #tracing: Tracing | undefined;
  readonly #handlers = new Map<string, AnyHandler>();

  constructor(catalog: AnyCatalog, calls: IsolatedCalls, tracing: Tracing | undefined) {
    this.#catalog = catalog;
    this.#calls = calls;
    this.#tracing = tracing;
  }

  /** @returns removes it @throws EventsError UNKNOWN_EVENT; INVALID_OPTION where nobody publishes the type, it has a handler, or what is added is no function */
  add(type: string, handler: AnyHandler): () => void {
    this.#catalog.versionOf(type); // throws for an event that is not there
    const kind = this.#catalog.opens[type]?.kind;
    if (kind === 'question' || kind === 'presence')
      throw invalidType(type, `is a ${kind}: nobody publishes it`);
    if (this.#handlers.has(type)) throw invalidType(type, 'has a handler already: remove that one before');
    if (typeof handler !== 'function') throw invalidHandler(type);
    const own: AnyHandler = (...accepted) => handler(...accepted); // of its own, so that one function may be handed over twice
    this.#handlers.set(type, own);
    return () => {
      if (this.#handlers.get(type) === own) this.#handlers.delete(type);
    };
  }

  /** Tells if events of a type are requests to this process: it has a handler of them, and nobody stores them. */
  takesRequests(type: string): boolean {
    return this.#handlers.has(type) && this.#catalog.opens[type]?.kind === 'ephemeral';
  }

  /** Hands an entry that was accepted to the handler of its type. A settlement that was copied from another log is none. */
  accepted(topic: string, entry: LogEntry, cursor: string): void {
    const handler = this.#handlers.get(entry.type);
    if (!handler) return;
    const { type } = entry;
    const handle = (): unknown => {
      const event = this.#eventOf(entry);
      if (event.open) return undefined;
      const call = () => handler(event, { topic, by: event.by, cursor });
      const { traceparent } = event;
      if (!this.#tracing) return call();
      return this.#tracing.handle({ topic, type, cursor, traceparent }, call);
    };
    this.#calls.call(handle, 'A handler of accepted events failed', { handler: type });
  }

  /** The event of an entry, as subscribers get it: an entry that is held at an older version is raised. */
  #eventOf(entry: LogEntry): EventOf<string, AnyCatalog> {
    const { type, version = 1 } = entry;
    const event = fromLogEntry<AnyCatalog>(entry);
    if (version === this.#catalog.versionOf(type)) return event;
    return { ...event, data: this.#catalog.upcast(type, version, event.data) };
  }
}

function invalidType(type: string, why: string): EventsError {
  const message = `${type} ${why}.`;
  return new EventsError('INVALID_OPTION', `handle: ${message}`, { issues: [{ path: ['type'], message }] });
}

/** A caller without types may pass anything: it learns so now, and not with the first event. */
function invalidHandler(type: string): EventsError {
  const message = `the handler of ${type} has to be a function: handle(type, (event, { topic, by, cursor }) => …).`;
  return new EventsError('INVALID_OPTION', `handle: ${message}`, {
    issues: [{ path: ['handler'], message }],
  });
}

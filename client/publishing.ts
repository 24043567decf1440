import type { AnyCatalog } from '../shared/catalog.ts';
import { EventsError } from '../shared/errors.ts';
import type { EventInput, EventToPublish, PublishMeta, PublishName } from '../shared/events.ts';
import type { PublishResult } from '../shared/log.ts';
import { requireEvents } from '../shared/options/require-events.ts';
import { definedOnly, EncodedInput } from './connection/encoding.ts';
import { freshKey } from './connection/fresh-key.ts';
import type { RetryOptions } from './failures/retry.ts';

/** A batch as a whole. */
export interface BatchOptions extends RetryOptions {
  /** Default `default`. */
  topic?: string | undefined;
}

/** Options of a publish: the topic, details beside the data, and bounds of trying again. */
export interface ClientPublishOptions extends PublishMeta, BatchOptions {}

/** A way to the server's mutations, which may be called twice. */
export type Mutate = <T>(path: string, input: EncodedInput, options: RetryOptions) => Promise<T>;

/** Publishing over tRPC: each event has its idempotency key from the start, so that a retry stores nothing twice [D3]. */
export class Publishing<C extends AnyCatalog> {
  readonly #mutate: Mutate;
  readonly #catalog: C | undefined;

  /** @param catalog checks events before they are sent; without it the server alone does */
  constructor(mutate: Mutate, catalog: C | undefined) {
    this.#mutate = mutate;
    this.#catalog = catalog;
  }

  async publish<N extends PublishName<C>>(
    type: N,
    data: EventInput<N, C>,
    options: ClientPublishOptions = {},
  ): Promise<PublishResult> {
    const { signal, timeoutMs, ...meta } = options;
    const path = `publish.${type}`;
    // With names that are no options: the server refuses them.
    const event = { ...meta, data, ...identified(meta) };
    const input = new EncodedInput('INVALID_EVENT', path, definedOnly(event));
    this.#catalog?.parse(type, data);
    return this.#mutate(path, input, options);
  }

  async publishBatch(
    events: readonly EventToPublish<C>[],
    options: BatchOptions = {},
  ): Promise<PublishResult[]> {
    const { signal, timeoutMs, ...meta } = options;
    requireEvents('publishBatch', events);
    if (events.length === 0) return [];
    const batch = { ...meta, events: events.map((event) => ({ ...event, ...identified(event) })) };
    const input = new EncodedInput('INVALID_EVENT', 'publish.batch', definedOnly(batch));
    for (const [index, { event_type, data }] of events.entries()) {
      inEvent(index, () => this.#catalog?.parse(event_type, data));
    }
    return this.#mutate('publish.batch', input, options);
  }
}

/** Fixes the timestamp and the key that an event keeps through all tries. */
function identified({ timestamp, idempotencyKey }: PublishMeta) {
  return {
    timestamp: timestamp ?? new Date().toISOString(),
    idempotencyKey: idempotencyKey ?? freshKey(),
  };
}

/** Checks an event of a batch: puts its index before the paths of its issues, as the server does. */
export function inEvent<T>(index: number, check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof EventsError)) throw error;
    const issues = error.issues.map(({ path, message }) => ({ path: ['events', index, ...path], message }));
    throw new EventsError(error.code, `events.${index}: ${error.message} Nothing of the batch was sent.`, {
      issues,
    });
  }
}

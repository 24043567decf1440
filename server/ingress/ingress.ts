import { setTimeout as sleep } from 'node:timers/promises';
import type { AnyCatalog } from '../../shared/catalog.ts';
import { ERRORS, EventsError } from '../../shared/errors.ts';
import type { Broker } from '../broker/broker.ts';
import type { Logger } from '../telemetry/logger.ts';
import { type IngressEntry, type IngressEvent, readEntry, timeOf } from './ingress-entry.ts';
import type { IngressStream } from './ingress-stream.ts';

/** Ms between two looks for entries that were abandoned. */
const CLAIM_EVERY_MS = 5_000;
/** Ms to wait after a failure of Redis. */
const PAUSE_MS = 500;
const PAGE = 1000;

/** Publishes an event of whatever type. */
export interface IngressTarget {
  /** The catalog of its events. */
  readonly catalog: AnyCatalog;
  publish(
    event_type: string,
    data: never,
    options: { topic: string; timestamp: string; idempotencyKey: string },
  ): Promise<{ duplicate: boolean }>;
}

export interface IngressOptions {
  stream: IngressStream;
  /** Validates and appends. */
  manager: IngressTarget;
  /** The log, to look whether an old entry is in it already. */
  broker: Pick<Broker, 'seek' | 'read'>;
  logger: Logger;
}

/** Counts of the entries that this process took. */
export interface IngressCounts {
  /** Published. */
  moved: number;
  /** In the log already: tried before, here or elsewhere. */
  duplicate: number;
  /** No event, and put on the dead-letter stream. */
  dead: number;
}

/**
 * Moves what foreign producers add to the ingress stream into the log. An entry is acknowledged after it was appended;
 * whoever dies in between leaves it to others, and its idempotency key keeps it from being stored twice.
 */
export class Ingress {
  readonly counts: IngressCounts = { moved: 0, duplicate: 0, dead: 0 };
  readonly #options: IngressOptions;
  readonly #stopped = new AbortController();
  readonly #done: Promise<void>;
  #failing = false;

  /** Begins at once. */
  constructor(options: IngressOptions) {
    this.#options = options;
    this.#done = this.#run();
  }

  /** Resolves when what it had begun with is done, as far as Redis lets it. */
  async close(): Promise<void> {
    this.#stopped.abort();
    await this.#done;
  }

  async #run(): Promise<void> {
    const { stream } = this.#options;
    let claimAt = 0;
    while (!this.#stopped.signal.aborted) {
      try {
        if (performance.now() >= claimAt) {
          const abandoned = await stream.abandoned();
          await this.#handle(abandoned, true);
          if (abandoned.length === 0) {
            claimAt = performance.now() + CLAIM_EVERY_MS;
            await stream.forgetGone();
          }
        }
        await this.#handle(await stream.next(), false);
        this.#recovered();
      } catch (error) {
        await this.#failed(error);
      }
    }
  }

  /** Deals with entries in order; those of one topic stay in it. @param again whether somebody may have stored them */
  async #handle(entries: readonly IngressEntry[], again: boolean): Promise<void> {
    if (entries.length === 0) return;
    const before = { ...this.counts };
    const outcomes = await Promise.allSettled(entries.map((entry) => this.#settle(entry, again)));
    await this.#options.stream.done(
      entries.filter((_, index) => outcomes[index]?.status === 'fulfilled').map(({ id }) => id),
    );
    const { moved, duplicate, dead } = this.counts;
    this.#options.logger.debug(
      {
        moved: moved - before.moved,
        duplicate: duplicate - before.duplicate,
        dead: dead - before.dead,
      },
      'Ingress entries handled',
    );
    // Those that are not done stay this process's, and are claimed again.
    const failure = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failure) throw failure.reason;
  }

  async #settle(entry: IngressEntry, again: boolean): Promise<void> {
    try {
      const event = readEntry(entry, this.#options.manager.catalog);
      // Idempotency keys are remembered for minutes only; the log itself tells about what is older.
      const stored = again && (await this.#isStored(event, timeOf(entry.id)));
      if (!stored && (await this.#publish(event))) this.counts.moved++;
      else this.counts.duplicate++;
    } catch (error) {
      if (!(error instanceof EventsError) || ERRORS[error.code].retry || error.code === 'CLOSED') throw error;
      await this.#options.stream.bury(entry, error);
      this.counts.dead++;
      const { code, issues } = error;
      const fields = issues.map(({ path }) => path.join('.'));
      this.#options.logger.warn({ entry: entry.id, code, fields }, 'An ingress entry is no event');
    }
  }

  /** @returns whether it is new in the log */
  async #publish({ event_type, data, ...options }: IngressEvent): Promise<boolean> {
    return !(await this.#options.manager.publish(event_type, data as never, options)).duplicate;
  }

  async #isStored({ topic, idempotencyKey }: IngressEvent, since: number): Promise<boolean> {
    const { broker } = this.#options;
    let position = await broker.seek(topic, since);
    for (;;) {
      const { gap, records } = await broker.read(topic, position, PAGE);
      if (records.some(({ id }) => id === idempotencyKey)) return true;
      const end = records.at(-1) ?? gap?.to;
      if (!end) return false;
      position = { epoch: end.epoch, seq: end.seq };
    }
  }

  #recovered(): void {
    if (this.#failing) this.#options.logger.info({}, 'Ingress goes on');
    this.#failing = false;
  }

  /** One line per outage. */
  async #failed(error: unknown): Promise<void> {
    const { logger } = this.#options;
    if (!this.#failing && !this.#stopped.signal.aborted) {
      logger.warn({ reason: String(error) }, 'Ingress waits: entries cannot be moved');
    }
    this.#failing = true;
    await sleep(PAUSE_MS, undefined, { signal: this.#stopped.signal }).catch(() => {});
  }
}

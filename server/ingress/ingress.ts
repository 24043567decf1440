import type { AnyCatalog } from '../../shared/catalog.ts';
import { ERRORS, EventsError, messageOf } from '../../shared/errors.ts';
import { MessageTurns, TURN_BYTES } from '../broadcaster/core/message-turns.ts';
import type { Broker } from '../broker/broker.ts';
import { keepTrying } from '../broker/redis/servers/attempts.ts';
import type { Logger } from '../telemetry/logger.ts';
import { type IngressEntry, readAddress, readEntry, sizeOf, timeOf } from './ingress-entry.ts';
import type { IngressStream } from './ingress-stream.ts';
import { LeftEntries, topicOf } from './left-entries.ts';

/** Ms between two searches for abandoned entries. */
const CLAIM_EVERY_MS = 5_000;
/** Ms to wait after a failure of Redis. */
const PAUSE_MS = 500;
const PAGE = 1000;

/** Publishes events of any type: an EventManager, whose data the catalog judges. */
export interface IngressTarget {
  /** The catalog of its events. */
  readonly catalog: AnyCatalog;
  publish(
    event_type: string,
    data: never,
    options: { topic: string; timestamp: string; idempotencyKey: string; by?: string | undefined },
  ): Promise<{ duplicate: boolean }>;
}

export interface IngressOptions {
  stream: IngressStream;
  /** Validates and appends. */
  manager: IngressTarget;
  /** The log, to find out if an old entry is in it already. */
  broker: Pick<Broker, 'seek' | 'read'>;
  logger: Logger;
  /** Publisher of the entries. Default: nobody is named. */
  by?: string | undefined;
}

/** Counts of the entries that this process handled. */
export interface IngressCounts {
  /** Published. */
  moved: number;
  /** Found in the log: an earlier attempt, by any process, had stored them. */
  duplicate: number;
  /** Not valid events; put on the dead-letter stream. */
  dead: number;
}

/**
 * Moves the entries that foreign producers add to the ingress stream into the log. An entry is acknowledged after it was
 * appended. If the process dies in between, another one takes the entry over, and its idempotency key keeps it from being
 * stored twice.
 */
export class Ingress {
  readonly counts: IngressCounts = { moved: 0, duplicate: 0, dead: 0 };
  readonly #options: IngressOptions;
  readonly #left: LeftEntries;
  readonly #turns = new MessageTurns();
  readonly #stopped = new AbortController();
  readonly #done: Promise<void>;
  /** Time of the next search for abandoned entries, by `performance.now()`. */
  #claimAt = 0;
  #failing = false;

  /** Begins at once. */
  constructor(options: IngressOptions) {
    this.#options = options;
    this.#left = new LeftEntries(options.stream);
    this.#done = this.#run();
  }

  /** Stops, and waits for the entries that are being handled. */
  async close(): Promise<void> {
    this.#stopped.abort();
    await this.#done;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopped;
    const onFailure = (error: unknown): void => this.#failed(error);
    while (!signal.aborted) await keepTrying(() => this.#round(), { signal, pauseMs: PAUSE_MS, onFailure });
  }

  /** Handles a batch of entries that were left, of abandoned ones from time to time, and of new ones: none keeps the others from their turn. */
  async #round(): Promise<void> {
    const failures: unknown[] = [];
    try {
      if (this.#left.areThere) failures.push(...(await this.#handle(await this.#left.next(), true)));
      if (!this.#left.areAnyones) failures.push(...(await this.#takeMore()));
    } catch (error) {
      this.#left.doubt(); // whatever Redis was asked, it may have done
      throw error;
    }
    if (failures.length > 0) throw failures[0];
    if (this.#failing && !this.#left.areThere) {
      this.#options.logger.info({}, 'The ingress moves entries again');
      this.#failing = false;
    }
  }

  /** @returns the failures of entries, which are left */
  async #takeMore(): Promise<unknown[]> {
    const { stream } = this.#options;
    const failures: unknown[] = [];
    if (performance.now() >= this.#claimAt) {
      const { entries, isEnd } = await stream.abandoned();
      failures.push(...(await this.#handle(this.#left.ready(entries), true)));
      if (isEnd) {
        this.#claimAt = performance.now() + CLAIM_EVERY_MS;
        await stream.forgetGone();
      }
    }
    failures.push(...(await this.#handle(this.#left.ready(await stream.next()), false)));
    return failures;
  }

  /**
   * Moves entries in order, so that each topic has its own in order: a part of them after the other, each in a turn of the
   * event loop, since reading and validating a large one takes a while.
   * @param claimed true if they may be stored already
   * @returns the failures of entries, which are left
   */
  async #handle(entries: readonly IngressEntry[], claimed: boolean): Promise<unknown[]> {
    if (entries.length === 0) return [];
    const before = { ...this.counts };
    // All are looked up before the first is published: else one that is sought over many pages comes after those behind it.
    const sought = new Map(claimed ? entries.map((entry) => [entry, this.#isStored(entry)]) : []);
    await Promise.allSettled(sought.values());
    const done = new Set<IngressEntry>();
    /** By the topics of the entries that failed: those behind them must not pass them. */
    const failures = new Map<string, unknown>();
    for (const { part, chars } of partsOf(entries)) {
      await this.#turns.turn(chars);
      const ready = part.filter((entry) => !failures.has(topicOf(entry)));
      const outcomes = await Promise.allSettled(
        ready.map((entry) => this.#settle(entry, sought.get(entry)).then(() => done.add(entry))),
      );
      for (const [index, entry] of ready.entries()) {
        const outcome = outcomes[index];
        if (outcome?.status === 'rejected') failures.set(topicOf(entry), outcome.reason);
      }
    }
    await this.#options.stream.done([...done].map(({ id }) => id));
    const { moved, duplicate, dead } = this.counts;
    this.#options.logger.debug(
      {
        moved: moved - before.moved,
        duplicate: duplicate - before.duplicate,
        dead: dead - before.dead,
      },
      'Ingress entries were moved',
    );
    for (const entry of entries) if (!done.has(entry)) this.#left.add(entry);
    return [...failures.values()];
  }

  async #settle(entry: IngressEntry, isStored: Promise<boolean> | undefined): Promise<void> {
    try {
      if (!(await isStored) && (await this.#publish(entry))) this.counts.moved++;
      else this.counts.duplicate++;
    } catch (error) {
      if (!(error instanceof EventsError) || ERRORS[error.code].retry || error.code === 'CLOSED') throw error;
      await this.#options.stream.bury(entry, error);
      this.counts.dead++;
      const { code, issues } = error;
      const fields = issues.map(({ path }) => path.join('.'));
      this.#options.logger.warn(
        { entry: entry.id, code, fields },
        'An ingress entry was no valid event, and was moved to the dead-letter stream',
      );
    }
  }

  /** @returns true if it is new in the log */
  async #publish(entry: IngressEntry): Promise<boolean> {
    const { manager, by } = this.#options;
    const { event_type, data, ...options } = readEntry(entry, manager.catalog);
    return !(await manager.publish(event_type, data as never, { ...options, by })).duplicate;
  }

  /** Tells if an event is in the log already. Idempotency keys are remembered for minutes only; older entries are looked up. */
  async #isStored(entry: IngressEntry): Promise<boolean> {
    const { broker } = this.#options;
    const { topic, idempotencyKey } = readAddress(entry);
    let position = await broker.seek(topic, timeOf(entry.id));
    for (;;) {
      const { gap, records } = await broker.read(topic, position, PAGE);
      if (records.some(({ id }) => id === idempotencyKey)) return true;
      const end = records.at(-1) ?? gap?.to;
      if (!end) return false;
      position = { epoch: end.epoch, seq: end.seq };
    }
  }

  /** Logs an outage once. */
  #failed(error: unknown): void {
    const { logger } = this.#options;
    if (!this.#failing && !this.#stopped.signal.aborted) {
      logger.warn({ reason: messageOf(error) }, 'The ingress cannot move entries; trying again');
    }
    this.#failing = true;
  }
}

/** Divides entries into as many as share a turn of the event loop; one that is larger is a part of its own. */
function* partsOf(entries: readonly IngressEntry[]): Generator<{ part: IngressEntry[]; chars: number }> {
  let part: IngressEntry[] = [];
  let chars = 0;
  for (const entry of entries) {
    const size = sizeOf(entry);
    if (part.length > 0 && chars + size > TURN_BYTES) {
      yield { part, chars };
      part = [];
      chars = 0;
    }
    part.push(entry);
    chars += size;
  }
  yield { part, chars };
}

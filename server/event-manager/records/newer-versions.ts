import type { AnyCatalog } from '../../../shared/catalog.ts';
import { type Position, samePosition } from '../../../shared/cursor.ts';
import { EventsError } from '../../../shared/errors.ts';
import type { Clock } from '../../../shared/timing.ts';
import type { LogRecord } from '../../broker/broker.ts';
import type { Logger } from '../../telemetry/logger.ts';

/** Ms for which a record of an unknown version is waited at: others may know it, and take the clients. */
const WAIT_MS = 30_000;

/** An event of a version that this process does not know, and before which its streams wait [V4]. */
export interface NewerVersion {
  readonly event_type: string;
  /** The version of the record that was met. */
  readonly version: number;
  /** The newest version that the process knows. */
  readonly known: number;
  readonly topic: string;
  /** Aborts when nothing waits any more: after 30 s, or when the manager is closed. */
  readonly over: AbortSignal;
}

/** The error of a call that would have to pass a record which must wait: to leave it out would be to lose it in silence. */
export function newerAhead(): EventsError {
  return new EventsError(
    'UNAVAILABLE',
    'There is an event of a newer version than this server knows: ask another one, or later.',
  );
}

export interface NewerVersionsOptions {
  catalog: AnyCatalog;
  clock: Clock;
  logger: Logger;
  /** Called once for each wait. Default: nobody is told. */
  onNewerVersion?: ((met: NewerVersion) => void) | undefined;
}

/**
 * Versions of events that this process does not know, since a newer process publishes them already [V4]. Streams wait
 * right before such a record, all in one wait of 30 s, in which clients can go where it is known. Where some that waited
 * are still there then, or none ever waited live, the versions that were met pass from then on: as gaps. Where all have
 * gone, others take them: whoever comes later waits anew, and loses nothing.
 */
export class NewerVersions {
  readonly #options: NewerVersionsOptions;
  /** Versions that pass, each as `<type> <version>`. */
  readonly #passing = new Set<string>();
  /** Versions that were met in this wait. */
  readonly #met = new Set<string>();
  /** Right before the first record of each topic that was met in this wait. */
  readonly #places = new Map<string, Position>();
  readonly #waiting = new Set<() => void>();
  #hasWaited = false;
  #over: AbortController | null = null;
  #cancel = (): void => {};
  #closed = false;

  constructor(options: NewerVersionsOptions) {
    this.#options = options;
  }

  /** Index of the first of a topic's records that must wait; -1 where none must. */
  firstHeld(topic: string, records: readonly LogRecord[]): number {
    const first = records.findIndex((record) => this.#isHeld(record));
    const record = records[first];
    if (record) this.#meet(topic, record);
    return first;
  }

  /** The place right before the first record of a topic that is known to wait; undefined where none does. */
  placeIn(topic: string): Position | undefined {
    return this.#places.get(topic);
  }

  /** Calls once when the wait is over; at once where there is none. Returns a function that cancels it. */
  whenOver(call: () => void): () => void {
    if (this.#closed) return () => {};
    if (!this.#over) {
      call();
      return () => {};
    }
    const once = (): void => call(); // of its own, so that one function may wait twice
    this.#waiting.add(once);
    this.#hasWaited = true;
    return () => void this.#waiting.delete(once);
  }

  /** Ends the wait. Nothing that waits is called. */
  close(): void {
    this.#closed = true;
    this.#waiting.clear();
    this.#end();
  }

  #isHeld({ type, version = 1, validatedBy, erased }: LogRecord): boolean {
    const { catalog } = this.#options;
    // An erased record is a gap everywhere: no process could say more of it.
    if (version === 1 || erased || validatedBy === catalog || !catalog.has(type)) return false;
    return version > catalog.versionOf(type) && !this.#passing.has(`${type} ${version}`);
  }

  #meet(topic: string, { type, version = 1, epoch, seq }: LogRecord): void {
    const place = { epoch, seq: seq - 1 };
    const known = this.#places.get(topic);
    if (known && samePosition(known, place)) return;
    if (!known || known.epoch !== epoch || place.seq < known.seq) this.#places.set(topic, place);
    this.#met.add(`${type} ${version}`);
    if (!this.#over && !this.#closed) this.#begin(topic, type, version);
  }

  #begin(topic: string, event_type: string, version: number): void {
    const { catalog, clock, logger, onNewerVersion } = this.#options;
    const over = new AbortController();
    this.#over = over;
    this.#cancel = clock.setTimer(() => this.#goOn(), WAIT_MS);
    const known = catalog.versionOf(event_type);
    logger.warn(
      { type: event_type, version, known, topic, waitMs: WAIT_MS },
      'An event has a newer version than this process knows: its streams wait, and clients are to connect elsewhere',
    );
    try {
      onNewerVersion?.({ event_type, version, known, topic, over: over.signal });
    } catch (error) {
      logger.error({ err: error }, 'onNewerVersion failed');
    }
  }

  #goOn(): void {
    const waiting = [...this.#waiting];
    if (waiting.length > 0 || !this.#hasWaited) for (const version of this.#met) this.#passing.add(version);
    this.#waiting.clear();
    this.#end();
    for (const call of waiting) call();
  }

  #end(): void {
    const over = this.#over;
    this.#over = null;
    this.#hasWaited = false;
    this.#met.clear();
    this.#places.clear();
    this.#cancel();
    over?.abort();
  }
}

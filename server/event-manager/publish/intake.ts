import { ERRORS, EventsError } from '../../../shared/errors.ts';
import type { Instruments } from '../../telemetry/telemetry.ts';
import { Counts, type EventStats } from '../stats/event-stats.ts';

/** All ways in have this in common: the bound on what is in flight to the broker, and counts. */
export class Intake {
  readonly gate: PublishGate;
  /** Events accepted, per type. */
  readonly published = new Counts();
  /** Events refused because they were not valid. */
  invalid = 0;
  /** Events that the broker failed to take. */
  unavailable = 0;
  /** Called with the cursor up to which this process has written to a topic. */
  readonly wrote: (topic: string, cursor: string) => void;
  readonly #instruments: Instruments;

  constructor(
    maxInFlight: number,
    instruments: Instruments,
    wrote: (topic: string, cursor: string) => void = () => {},
  ) {
    this.wrote = wrote;
    this.gate = new PublishGate(maxInFlight);
    this.#instruments = instruments;
  }

  /** Its part of EventStats. @param names events that are listed although none was published */
  stats(names: readonly string[]): Pick<EventStats, 'published' | 'queueSize' | 'queueLimit'> {
    const { inFlight: queueSize, limit: queueLimit } = this.gate;
    return { published: this.published.toRecord(names), queueSize, queueLimit };
  }

  /** Its part of EventStats.errors. */
  get errors(): Pick<EventStats['errors'], 'invalid' | 'overloaded' | 'unavailable'> {
    const { invalid, unavailable } = this;
    return { invalid, overloaded: this.gate.overloaded, unavailable };
  }

  /** Counts what is refused as not valid. @throws what `validate` throws */
  validated<T>(validate: () => T): T {
    try {
      return validate();
    } catch (error) {
      this.invalid++;
      throw error;
    }
  }

  /**
   * Writes to the broker, and counts. Not async: each further promise is a twentieth of what a publish costs here.
   * @param count number of events
   * @param note is given what the broker answered
   */
  write<T>(count: number, send: () => Promise<T>, note: (answer: T) => void = () => {}): Promise<T> {
    const startedAt = performance.now();
    return send().then(
      (answer) => {
        this.#instruments.published(performance.now() - startedAt);
        note(answer);
        return answer;
      },
      (error: unknown) => {
        if (!isRefusal(error)) this.unavailable += count;
        throw error;
      },
    );
  }

  /** As {@link write}, within the bound. @throws EventsError OVERLOADED; and what `send` throws */
  async admitted<T>(send: () => Promise<T>, note?: (answer: T) => void): Promise<T> {
    this.gate.enter(1);
    try {
      return await this.write(1, send, note);
    } finally {
      this.gate.leave(1);
    }
  }
}

/** Tells if the broker answered, and did not take it: trying again cannot help. */
function isRefusal(error: unknown): boolean {
  return error instanceof EventsError && error.code !== 'CLOSED' && !ERRORS[error.code].retry;
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

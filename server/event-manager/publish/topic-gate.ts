import { EventsError } from '../../../shared/errors.ts';

/** Bounds what is in flight between publishers and the broker [D10]. */
export class PublishGate {
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

  /** @throws EventsError OVERLOADED at once, without calling `publish`, when `count` more would pass the limit */
  async run<T>(count: number, publish: () => Promise<T>): Promise<T> {
    if (this.#inFlight + count > this.limit) {
      this.overloaded += count;
      throw new EventsError(
        'OVERLOADED',
        `${this.#inFlight} publishes are in flight and at most ${this.limit} may be. Nothing was stored: try again later, or publish slower.`,
      );
    }
    this.#inFlight += count;
    try {
      return await publish();
    } finally {
      this.#inFlight -= count;
    }
  }
}

import type { RateLimiterRes } from 'rate-limiter-flexible';
import { EventsError } from '../../shared/errors.ts';

/** Length of a key's window. */
export const WINDOW_MS = 1000;

export interface PublishRateOptions {
  /** Events of one key per second. */
  perSecond: number;
  /** The count of several processes together. Default: each process counts alone, as it does while Redis does not answer. */
  shared?: SharedCount | undefined;
  /** A monotonic clock, ms. Default `performance.now`. */
  now?: () => number;
}

/** A count that processes have in common. */
export interface SharedCount {
  /** Counts events of a key. Rejects with the ms until the key's window ends when they are too many. */
  take(key: string, events: number): Promise<unknown>;
  close(): void;
}

/** Limits how many events per second one subject, or one address, may publish. */
export class PublishRate {
  readonly #perSecond: number;
  readonly #here: WindowCounter;
  readonly #everywhere: SharedCount | undefined;

  constructor({ perSecond, shared, now }: PublishRateOptions) {
    this.#perSecond = perSecond;
    this.#here = new WindowCounter({ limit: perSecond, ...(now && { now }) });
    this.#everywhere = shared;
  }

  /**
   * Counts events before they are published. It is not known yet if they are valid.
   * @throws EventsError RATE_LIMITED; INVALID_OPTION when there are more events than may ever be published at once
   */
  async take(key: string, events: number): Promise<void> {
    if (events > this.#perSecond) {
      throw new EventsError(
        'INVALID_OPTION',
        `${events} events at once are more than the ${this.#perSecond} that may be published in a second: send smaller batches.`,
      );
    }
    // Redis need not count a flood that this process refuses by itself.
    const waitMs = this.#here.take(key, events) || (await this.#waitElsewhere(key, events));
    if (waitMs === 0) return;
    throw new EventsError(
      'RATE_LIMITED',
      `At most ${this.#perSecond} events may be published in a second. Nothing was stored: try again later.`,
      { retryAfterMs: Math.max(1, Math.ceil(waitMs)) },
    );
  }

  /** Counts in Redis, in windows by Redis's clock. @returns 0 if the events are allowed, else the ms until the window ends */
  async #waitElsewhere(key: string, events: number): Promise<number> {
    try {
      await this.#everywhere?.take(key, events);
    } catch (refusal) {
      // Anything else is ignored: Redis does not answer; or its clock was set back, and the window would last too long.
      if (isRefusal(refusal) && refusal.msBeforeNext <= WINDOW_MS) return Math.max(1, refusal.msBeforeNext);
    }
    return 0;
  }
}

function isRefusal(error: unknown): error is RateLimiterRes {
  return typeof error === 'object' && error !== null && 'msBeforeNext' in error;
}

export interface WindowCounterOptions {
  /** Points that may be taken for a key within a window. */
  limit: number;
  /** A monotonic clock, ms: a window lasts a second, even when the time of day is set. Default `performance.now`. */
  now?: () => number;
}

interface Window {
  taken: number;
  readonly endsAt: number;
}

/** Counts the points taken for each key in this process, in windows of a second. */
export class WindowCounter {
  readonly #limit: number;
  readonly #now: () => number;
  /** In the order in which they end. */
  readonly #windows = new Map<string, Window>();

  constructor({ limit, now = () => performance.now() }: WindowCounterOptions) {
    this.#limit = limit;
    this.#now = now;
  }

  /** Takes points for a key. @returns 0 if they are allowed, else the ms until the key's window ends */
  take(key: string, amount: number): number {
    this.#forget();
    const now = this.#now();
    const window = this.#windows.get(key) ?? { taken: 0, endsAt: now + WINDOW_MS };
    this.#windows.set(key, window);
    window.taken += amount;
    return window.taken > this.#limit ? window.endsAt - now : 0;
  }

  /** Drops the windows that are over. */
  #forget(): void {
    const now = this.#now();
    for (const [key, { endsAt }] of this.#windows) {
      if (endsAt > now) return;
      this.#windows.delete(key);
    }
  }
}

/** A caller's remaining publishes; in the tRPC context, beside the session. */
export interface Allowance {
  /** @throws EventsError RATE_LIMITED, INVALID_OPTION */
  take(events: number): Promise<void>;
}

/** The allowance in a tRPC context; undefined where publishing is not limited. */
export function allowanceOf(context: unknown): Allowance | undefined {
  if (typeof context !== 'object' || context === null || !('allowance' in context)) return undefined;
  const { allowance } = context;
  return isAllowance(allowance) ? allowance : undefined;
}

function isAllowance(value: unknown): value is Allowance {
  return typeof value === 'object' && value !== null && 'take' in value && typeof value.take === 'function';
}

import type { Cluster, Redis } from 'ioredis';
import { RateLimiterRedis, type RateLimiterRes } from 'rate-limiter-flexible';
import { EventsError } from '../../shared/errors.ts';
import { WINDOW_MS, WindowCounter } from './window-counter.ts';

export interface PublishRateOptions {
  /** Events of one key per second. */
  perSecond: number;
  /** The Redis in which processes count together. Default: each counts for itself, as it does while Redis does not answer. */
  redis?: Redis | Cluster | undefined;
  /** Prefix of keys in Redis. */
  prefix: string;
  /** Ms since any moment; never goes back. Default `performance.now`. */
  now?: () => number;
}

/** Limits how many events per second one subject, or one address, may publish. */
export class PublishRate {
  readonly #perSecond: number;
  readonly #here: WindowCounter;
  readonly #everywhere: RateLimiterRedis | null;

  constructor({ perSecond, redis, prefix, now }: PublishRateOptions) {
    this.#perSecond = perSecond;
    this.#here = new WindowCounter({ limit: perSecond, ...(now && { now }) });
    this.#everywhere = redis
      ? new RateLimiterRedis({
          points: perSecond,
          duration: WINDOW_MS / 1000,
          keyPrefix: `${prefix}:rate`,
          storeClient: redis,
          rejectIfRedisNotReady: true,
        })
      : null;
  }

  /**
   * Counts events before they are published; whether they are valid is not known yet.
   * @throws EventsError RATE_LIMITED; INVALID_OPTION when so many can never be published at once
   */
  async take(key: string, events: number): Promise<void> {
    if (events > this.#perSecond) {
      throw new EventsError(
        'INVALID_OPTION',
        `${events} events at once are more than the ${this.#perSecond} that may be published in a second: send smaller batches.`,
      );
    }
    // A client that floods one process is refused by it alone: Redis need not count that.
    const waitMs = this.#here.take(key, events) || (await this.#leftElsewhere(key, events));
    if (waitMs === 0) return;
    throw new EventsError(
      'RATE_LIMITED',
      `At most ${this.#perSecond} events may be published in a second. Nothing was stored: try again later.`,
      { retryAfterMs: Math.max(1, Math.ceil(waitMs)) },
    );
  }

  /** Counts in Redis, in windows by its clock. @returns 0, or the ms until the window is over, if that is more than may be published */
  async #leftElsewhere(key: string, events: number): Promise<number> {
    try {
      await this.#everywhere?.consume(key, events);
    } catch (refusal) {
      // Redis does not answer; or its clock was set back, and the window would last until it has caught up.
      if (isRefusal(refusal) && refusal.msBeforeNext <= WINDOW_MS) return Math.max(1, refusal.msBeforeNext);
    }
    return 0;
  }
}

function isRefusal(error: unknown): error is RateLimiterRes {
  return typeof error === 'object' && error !== null && 'msBeforeNext' in error;
}

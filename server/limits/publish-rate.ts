import type { Cluster, Redis } from 'ioredis';
import { RateLimiterMemory, RateLimiterRedis, type RateLimiterRes } from 'rate-limiter-flexible';
import { EventsError } from '../../shared/errors.ts';

/** Counting is in windows of a second. */
const WINDOW_S = 1;

export interface PublishRateOptions {
  /** Events of one key per second. */
  perSecond: number;
  /** Where processes count together. Default: each for itself; so it is while Redis does not answer. */
  redis?: Redis | Cluster | undefined;
  /** What keys in Redis begin with. */
  prefix: string;
}

/** Limits how many events per second one subject, or one address, may publish. */
export class PublishRate {
  readonly #perSecond: number;
  readonly #limiter: RateLimiterMemory | RateLimiterRedis;

  constructor({ perSecond, redis, prefix }: PublishRateOptions) {
    this.#perSecond = perSecond;
    const options = { points: perSecond, duration: WINDOW_S, keyPrefix: `${prefix}:rate` };
    const alone = new RateLimiterMemory(options);
    this.#limiter = redis
      ? new RateLimiterRedis({
          ...options,
          storeClient: redis,
          rejectIfRedisNotReady: true,
          insuranceLimiter: alone,
          inMemoryBlockOnConsumed: perSecond,
        })
      : alone;
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
    try {
      await this.#limiter.consume(key, events);
    } catch (refusal) {
      if (!isRefusal(refusal)) throw refusal;
      throw new EventsError(
        'RATE_LIMITED',
        `At most ${this.#perSecond} events may be published in a second. Nothing was stored: try again later.`,
        { retryAfterMs: Math.max(1, Math.ceil(refusal.msBeforeNext)) },
      );
    }
  }
}

function isRefusal(error: unknown): error is RateLimiterRes {
  return typeof error === 'object' && error !== null && 'msBeforeNext' in error;
}

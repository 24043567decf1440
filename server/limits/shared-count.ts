import { RateLimiterRedis } from 'rate-limiter-flexible';
import { openClient } from '../broker/redis/servers/open-topology.ts';
import { type SharedCount, WINDOW_MS } from './publish-rate.ts';

/** Ms to wait for Redis before a process counts alone. */
const COUNT_MS = 500;

export interface SharedCountOptions {
  /** URL of the Redis in which processes count together. */
  redisUrl: string;
  /** Prefix of keys in Redis. */
  redisPrefix: string;
  /** Events of one key per second. */
  perSecond: number;
}

/** Opens a count that processes have in common, on a connection of its own, so that late answers delay nothing else. */
export function openSharedCount({ redisUrl, redisPrefix, perSecond }: SharedCountOptions): SharedCount {
  const redis = openClient(redisUrl, { name: 'limits', timeoutMs: COUNT_MS });
  const limiter = new RateLimiterRedis({
    points: perSecond,
    duration: WINDOW_MS / 1000,
    keyPrefix: `${redisPrefix}:rate`,
    storeClient: redis,
    rejectIfRedisNotReady: true,
  });
  return {
    take: (key, events) => limiter.consume(key, events),
    close: () => redis.disconnect(),
  };
}

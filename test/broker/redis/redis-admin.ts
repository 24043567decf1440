import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, vi } from 'vitest';
import type { RedisServer } from '../../setup/redis-server.ts';

/** Says something to a server and hangs up. */
export async function admin<T>(
  server: Pick<RedisServer, 'url'>,
  say: (redis: Redis) => Promise<T>,
): Promise<T> {
  const redis = new Redis(server.url, { retryStrategy: null });
  redis.on('error', () => {});
  try {
    return await say(redis);
  } finally {
    redis.disconnect();
  }
}

/** ioredis prints errors that nobody listens to: no test of this file may make it. */
export function expectNothingPrinted(): void {
  beforeEach(() => {
    vi.spyOn(console, 'error');
  });
  afterEach(() => {
    expect(console.error).not.toHaveBeenCalled();
    vi.restoreAllMocks();
  });
}

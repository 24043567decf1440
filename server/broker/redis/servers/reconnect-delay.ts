/** Ms until a lost connection is tried again, for ioredis's `retryStrategy`: full jitter, up to 2 s. */
export function reconnectDelay(attempt: number): number {
  return Math.random() * Math.min(2000, 50 * 2 ** attempt);
}

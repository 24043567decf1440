import { setTimeout as sleep } from 'node:timers/promises';

/** Ms before the next attempt at a lost connection, for ioredis's `retryStrategy`: full jitter, up to 2 s. */
export function reconnectDelay(attempt: number): number {
  return Math.random() * Math.min(2000, 50 * 2 ** attempt);
}

/** Resolves as the work does, or rejects after `ms`. */
export function within<T>(ms: number, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

interface KeepTryingOptions {
  signal: AbortSignal;
  /** Ms between two attempts. Default 250. */
  pauseMs?: number;
  onFailure?: (error: unknown) => void;
}

/** Repeats work until it succeeds. @returns its result; undefined if the signal aborted before */
export async function keepTrying<T>(
  work: () => Promise<T>,
  { signal, pauseMs = 250, onFailure }: KeepTryingOptions,
): Promise<T | undefined> {
  while (!signal.aborted) {
    try {
      return await work();
    } catch (error) {
      onFailure?.(error);
      await sleep(pauseMs, undefined, { signal }).catch(() => {});
    }
  }
  return undefined;
}

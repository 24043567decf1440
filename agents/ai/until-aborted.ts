import { onAbort } from '../../shared/timing.ts';

/** Resolves with null once a signal aborts; at once where there is none. */
export function untilAborted(signal: AbortSignal | undefined): Promise<null> {
  return new Promise((resolve) => {
    if (!signal || signal.aborted) resolve(null);
    else onAbort(signal, () => resolve(null));
  });
}

/**
 * The value of a promise, unless a signal aborts before.
 * @param late called with the value that comes after
 * @throws the signal's reason; what the promise rejects with
 */
export async function unlessAborted<T>(
  promise: Promise<T>,
  signal: AbortSignal | undefined,
  late: (value: T) => void,
): Promise<T> {
  if (!signal) return promise;
  let letGo = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    const onStop = (): void => {
      promise.then(late, () => {});
      reject(signal.reason);
    };
    if (signal.aborted) onStop();
    else letGo = onAbort(signal, onStop);
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    letGo();
  }
}

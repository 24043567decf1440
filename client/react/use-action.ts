import { useCallback, useMemo, useRef, useState } from 'react';
import { toError } from '../failures/errors.ts';

/** A call from a component: what became of it is state, never an exception. */
export interface Action<A extends readonly unknown[], T> {
  /** Never rejects: resolves with undefined when it failed, and `error` says why. The same function while `call` is. */
  run(...args: A): Promise<T | undefined>;
  /** True while a call is in flight. */
  pending: boolean;
  /** Why the last one failed, or null. */
  error: Error | null;
}

/** @param call the same function as long as it does the same */
export function useAction<A extends readonly unknown[], T>(call: (...args: A) => Promise<T>): Action<A, T> {
  const [inFlight, setInFlight] = useState(0);
  const [failure, setFailure] = useState<{ error: Error; call: number } | null>(null);
  const calls = useRef(0);
  const run = useCallback(
    async (...args: A) => {
      const number = ++calls.current;
      // A call that ends after a later one takes nothing of what that one said.
      const say = (said: typeof failure) =>
        setFailure((before) => (before && before.call > number ? before : said));
      setInFlight((count) => count + 1);
      try {
        const result = await call(...args);
        say(null);
        return result;
      } catch (cause) {
        say({ error: toError(cause), call: number });
        return undefined;
      } finally {
        setInFlight((count) => count - 1);
      }
    },
    [call],
  );
  const error = failure?.error ?? null;
  return useMemo(() => ({ run, pending: inFlight > 0, error }), [run, inFlight, error]);
}

import { TRPCClientError } from '@trpc/client';

/** Ms after which a server is asked again: it may have been starting, or asked for too much. */
export const AGAIN_MS = 5000;

/** Errors of the client of events that pass. */
const PASSING: readonly unknown[] = ['UNAVAILABLE', 'OVERLOADED', 'RATE_LIMITED', 'TOO_MANY_OPEN'];

/** Tells if the same question may have another answer in a while: no server was reached, or it could not or would not answer now. */
export function isPassing(error: unknown): boolean {
  if (!(error instanceof TRPCClientError)) return PASSING.includes(codeOf(error));
  const { httpStatus = 503 } = (error.data ?? {}) as { httpStatus?: number };
  return httpStatus >= 500 || httpStatus === 429;
}

/** The code of an error of the client of events. */
export function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

/**
 * Asks until there is an answer, or an error that does not pass, and tells it.
 *
 * @returns ends it; nothing is told then
 */
export function askUntilTold<T>(
  ask: (signal: AbortSignal) => Promise<T>,
  tell: (answer: T) => void,
  refused: (error: unknown) => void = () => {},
): () => void {
  const ended = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const again = (): void => {
    ask(ended.signal).then(
      (answer) => {
        if (!ended.signal.aborted) tell(answer);
      },
      (error: unknown) => {
        if (ended.signal.aborted) return;
        if (isPassing(error)) timer = setTimeout(again, AGAIN_MS);
        else refused(error);
      },
    );
  };
  again();
  return () => {
    ended.abort();
    clearTimeout(timer);
  };
}

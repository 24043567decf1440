import { onAbort } from '../../../shared/timing.ts';

/**
 * A signal that aborts with either of two. Unlike with `AbortSignal.any`, nothing of it stays on one that lives long:
 * it lets go when one aborts, or is disposed of.
 */
export function linkSignals(
  first: AbortSignal | undefined,
  second: AbortSignal,
): { readonly signal: AbortSignal } & Disposable {
  const controller = new AbortController();
  const removers: (() => void)[] = [];
  const letGo = (): void => {
    for (const remove of removers) remove();
  };
  const abort = (): void => {
    letGo();
    controller.abort();
  };
  for (const signal of [first, second]) if (signal) removers.push(onAbort(signal, abort));
  if (first?.aborted || second.aborted) abort();
  return { signal: controller.signal, [Symbol.dispose]: letGo };
}

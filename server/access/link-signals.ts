/**
 * A signal that aborts with either of two. Unlike with `AbortSignal.any`, nothing of it stays on one that lives long:
 * it lets go when one aborts, or is disposed of.
 */
export function linkSignals(
  first: AbortSignal | undefined,
  second: AbortSignal,
): { readonly signal: AbortSignal } & Disposable {
  const controller = new AbortController();
  const letGo = (): void => {
    first?.removeEventListener('abort', abort);
    second.removeEventListener('abort', abort);
  };
  const abort = (): void => {
    letGo();
    controller.abort();
  };
  first?.addEventListener('abort', abort);
  second.addEventListener('abort', abort);
  if (first?.aborted || second.aborted) abort();
  return { signal: controller.signal, [Symbol.dispose]: letGo };
}

import { onAbort } from '../../../shared/timing.ts';
import { toldError } from '../../trpc/errors.ts';
import { type Session, sessionOf } from './session.ts';

/**
 * Makes a subscription that ends with its session: its iteration then throws UNAUTHORIZED. `createAccessContext` closes the
 * socket that it is attached to.
 */
export function endWithSession<S extends AsyncIterable<unknown>>(
  context: unknown,
  signal: AbortSignal | undefined,
  subscribe: (signal: AbortSignal | undefined) => S,
): S {
  const session = sessionOf(context);
  if (!session) return subscribe(signal);
  const link = linkSignals(signal, session.signal);
  const subscription = subscribe(link.signal);
  const iterate = subscription[Symbol.asyncIterator].bind(subscription);
  return Object.assign(subscription, { [Symbol.asyncIterator]: () => untilEnded(iterate, session, link) });
}

async function* untilEnded(iterate: () => AsyncIterator<unknown>, session: Session, link: Disposable) {
  try {
    yield* { [Symbol.asyncIterator]: iterate };
    session.assertActive();
  } catch (error) {
    throw toldError(error);
  } finally {
    link[Symbol.dispose]();
  }
}

/**
 * A signal that aborts when either of two does. Unlike `AbortSignal.any`, it leaves no listener on a long-lived signal: it
 * removes its listeners when one aborts, or when it is disposed.
 */
function linkSignals(
  first: AbortSignal | undefined,
  second: AbortSignal,
): { readonly signal: AbortSignal } & Disposable {
  const controller = new AbortController();
  const removers: (() => void)[] = [];
  const removeListeners = (): void => {
    for (const remove of removers) remove();
  };
  const abort = (): void => {
    removeListeners();
    controller.abort();
  };
  for (const signal of [first, second]) if (signal) removers.push(onAbort(signal, abort));
  if (first?.aborted || second.aborted) abort();
  return { signal: controller.signal, [Symbol.dispose]: removeListeners };
}

import { toldError } from '../../trpc/errors.ts';
import { linkSignals } from './link-signals.ts';
import { type Session, sessionOf } from './session.ts';

/**
 * A subscription that ends with its session: iterated, it then throws UNAUTHORIZED. A socket that it is attached to is
 * closed by `createAccessContext`.
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

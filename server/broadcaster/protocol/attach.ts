import type { Live } from '../core/live.ts';
import type { Call } from './call.ts';

/** Hands a subscription over: `started`, attach, and when the client stops or is gone, or the source ends it, detach. */
export async function attach(call: Call, live: Live): Promise<void> {
  const { connection, id, jsonrpc, signal } = call;
  let detach: (() => void) | undefined;
  let failure: unknown;
  call.respond({ type: 'started' });
  try {
    await new Promise<void>((resolve, reject) => {
      // A client that is hung up on is told why by the close.
      const end = (error?: Error) => (error && connection.open ? reject(error) : resolve());
      signal.addEventListener('abort', () => resolve(), { once: true });
      detach = live.attach({ connection, id, jsonrpc, signal, end });
    });
  } catch (cause) {
    failure = cause;
  }
  call.abort();
  try {
    detach?.();
  } catch (cause) {
    call.report(cause);
  }
  if (failure !== undefined) call.fail(failure);
}

import type { Call } from './call.ts';
import type { Connection, RequestId } from './connection.ts';

/** A subscription's source that writes to its sockets itself, instead of being iterated once per subscriber. */
export interface Live {
  /**
   * Begins to write the call's items; `started` has been sent.
   * @returns what ends it: called once, whatever the reason, before `stopped` is sent. Nothing may be written after.
   * @throws anything: the client gets the error and `stopped`
   */
  attach(call: LiveCall): () => void;
}

/** One subscription to a {@link Live} source. */
export interface LiveCall {
  readonly connection: Connection;
  /** To be written with every frame, `jsonrpc` too if there is one. */
  readonly id: RequestId;
  readonly jsonrpc: '2.0' | undefined;
  /** Aborts when the client stopped the subscription or is gone. */
  readonly signal: AbortSignal;
  /** Ends the subscription from this side; with an error, the client gets it before `stopped`. */
  end(error?: Error): void;
}

/** Hands a subscription over: `started`, attach, and when the client stops or is gone, or the source ends it, detach. */
export async function attach(call: Call, live: Live): Promise<void> {
  const { connection, id, jsonrpc, signal } = call;
  let detach: (() => void) | undefined;
  let failure: unknown;
  call.respond({ type: 'started' });
  try {
    await new Promise<void>((resolve, reject) => {
      const end = (error?: Error) => (error ? reject(error) : resolve());
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

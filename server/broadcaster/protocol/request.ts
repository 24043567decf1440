import { callTRPCProcedure, getTRPCErrorFromUnknown, TRPCError } from '@trpc/server';
import { isObservable } from '@trpc/server/observable';
import type { TRPCClientOutgoingMessage } from '@trpc/server/rpc';
import { EventsError } from '../../../shared/errors.ts';
import { NO_CALL, shapeError } from '../core/errors.ts';
import type { Connection } from '../socket/connection.ts';
import { Call } from './call.ts';
import type { ContextResult } from './context.ts';
import { isAbortError } from './iterate.ts';
import { attach, isAsyncIterable, stream, takeBack } from './stream.ts';

/** A request's place in its message. */
export interface Placed {
  /** Its place in a batch; 0 for one alone. */
  readonly index: number;
  /** Bytes of it, about. */
  readonly bytes: number;
}

/**
 * Answers one request. What comes before the first `await` runs at once, so that a stop, or a second request
 * with the same id, in the very next message finds the subscription registered.
 */
export async function answer(
  connection: Connection,
  request: TRPCClientOutgoingMessage,
  { index, bytes }: Placed,
  context: Promise<ContextResult>,
): Promise<void> {
  const { id, jsonrpc } = request;
  if (id === null) {
    const error = connection.report(new TRPCError({ code: 'PARSE_ERROR', message: '`id` is required' }));
    connection.respond({ id, ...(jsonrpc && { jsonrpc }), error: shapeError(connection, NO_CALL, error) });
  } else if (request.method === 'subscription.stop') {
    connection.subscriptions.get(id)?.abort();
  } else {
    const call = new Call(connection, id, { ...request, id });
    if (call.type === 'subscription') await subscribe(call, { index, bytes }, context);
    else await connection.turnstile.pass(() => respondOnce(call, index, context), bytes);
  }
}

/** A query or a mutation: one answer. Never rejects. */
async function respondOnce(call: Call, batchIndex: number, context: Promise<ContextResult>): Promise<void> {
  try {
    await admitted(context);
    const data = await invoke(call, batchIndex);
    if (isAsyncIterable(data) || isObservable(data)) {
      throw new TRPCError({
        code: 'UNSUPPORTED_MEDIA_TYPE',
        message: `Cannot return an async iterable or observable from a ${call.type} procedure with WebSockets`,
      });
    }
    call.respond({ type: 'data', data });
  } catch (cause) {
    call.failSafely(cause);
  }
}

/**
 * A subscription: `started`, items, an error perhaps, `stopped`. One that never started gets an error only. Resolves when
 * it is over, or written by a live source: then nothing of this waits for its end.
 */
async function subscribe(
  call: Call,
  { index, bytes }: Placed,
  context: Promise<ContextResult>,
): Promise<void> {
  const { connection, id } = call;
  call.chars = call.measure(bytes);
  const refusal = refuse(call);
  if (refusal) return call.fail(refusal);

  connection.subscriptions.set(id, call);
  connection.inputChars += call.chars;
  try {
    await admitted(context);
    if (!call.signal.aborted && connection.open) {
      const result = await invoke(call, index);
      call.fold();
      // Closing may have begun while the procedure ran; the close event comes later.
      if (!connection.open) call.abort();
      const live = connection.setup.live(result);
      if (!live) await stream(call, result);
      else if (!call.signal.aborted) return attach(call, live, concludeLive);
    }
  } catch (cause) {
    release(call);
    if (!gaveUp(call, cause)) return call.failSafely(cause);
    return call.respond({ type: 'stopped' });
  }
  conclude(call);
}

function concludeLive(call: Call, failure: unknown): void {
  takeBack(call, failure);
  conclude(call);
}

/** Frees the id, and tells the client. Never throws. */
function conclude(call: Call): void {
  release(call);
  try {
    call.respond({ type: 'stopped' });
  } catch (cause) {
    call.connection.reportFailure(cause);
  }
}

function refuse({ connection, id, chars }: Call): TRPCError | undefined {
  const { maxSubscriptions, maxSubscriptionChars } = connection.setup.limits;
  if (connection.subscriptions.has(id)) {
    return new TRPCError({ code: 'BAD_REQUEST', message: `Duplicate id ${id}` });
  }
  if (connection.subscriptions.size >= maxSubscriptions) {
    return new TRPCError({
      code: 'TOO_MANY_REQUESTS',
      message: `A connection can hold ${maxSubscriptions} subscriptions: stop one, or open another connection`,
    });
  }
  if (connection.inputChars + chars > maxSubscriptionChars) {
    const message = `The inputs of a connection's subscriptions can have ${maxSubscriptionChars} characters together: use shorter filters and cursors, stop a subscription, or open another connection`;
    return new TRPCError({
      code: 'PAYLOAD_TOO_LARGE',
      message,
      cause: new EventsError('TOO_LARGE', message),
    });
  }
  return undefined;
}

/** Frees the id: everything of the subscription is cleaned up, and the client is about to be told. */
function release(call: Call): void {
  if (!call.connection.open) call.abort();
  call.connection.subscriptions.delete(call.id);
  call.connection.inputChars -= call.chars;
}

/** A procedure that rejects because its subscription was stopped did what it was asked to. */
function gaveUp(call: Call, cause: unknown): boolean {
  const error = getTRPCErrorFromUnknown(cause);
  return call.signal.aborted && error.code === 'INTERNAL_SERVER_ERROR' && isAbortError(error.cause);
}

async function admitted(context: Promise<ContextResult>): Promise<void> {
  const result = await context;
  if (!result.ok) throw result.error;
}

function invoke(call: Call, batchIndex: number): Promise<unknown> {
  const { connection, path, type, signal } = call;
  return callTRPCProcedure({
    router: connection.router,
    path,
    type,
    signal,
    batchIndex,
    ctx: connection.context,
    getRawInput: async () => call.input,
  });
}

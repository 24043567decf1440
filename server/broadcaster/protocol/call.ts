import { TRPCError } from '@trpc/server';
import type { TRPCRequestMessage, TRPCResultMessage } from '@trpc/server/rpc';
import {
  type ErrorSubject,
  FALLBACK_SHAPE,
  reportError,
  reportInternalError,
  shapeError,
} from '../core/errors.ts';
import { isObject, jsonEncoder } from '../core/json-encoder.ts';
import type { LiveCall, RequestId } from '../core/live.ts';
import type { Connection } from '../socket/connection.ts';

/** Told of a call that was aborted or that its source ended, and of the failure, if the client is to be told one. */
export type OnEnd = (call: Call, failure: unknown) => void;

/** One request of a client: where its answers go, and its errors. */
export class Call implements LiveCall {
  readonly connection: Connection;
  readonly id: RequestId;
  readonly jsonrpc: '2.0' | undefined;
  readonly type: TRPCRequestMessage['method'];
  readonly path: string;
  readonly controller = new AbortController();
  readonly #params: TRPCRequestMessage['params'];
  #read: { input: unknown } | undefined;
  /** The input as JSON, once it is folded. */
  #text: string | undefined;
  /** Characters that count as those of its input while it is a subscription. */
  chars = 0;
  /** Ends what writes to a subscription by itself, once it does. */
  detach: (() => void) | undefined;
  #onEnd: OnEnd | undefined;

  constructor(connection: Connection, id: RequestId, request: TRPCRequestMessage) {
    this.connection = connection;
    this.id = id;
    this.jsonrpc = request.jsonrpc;
    this.type = request.method;
    this.path = request.params.path;
    this.#params = request.params;
  }

  /**
   * The client's input as the router's transformer reads it, `lastEventId` merged in. It is read when it is first
   * asked for, and never for a client that was not let in: what reading costs is up to the client.
   * @throws TRPCError PARSE_ERROR
   */
  get input(): unknown {
    this.#read ??= { input: withLastEventId(this.#deserialized(), this.#params.lastEventId) };
    return this.#read.input;
  }

  /** Characters that hold what was asked, about. @param bytes of the request, which count where it is no JSON */
  measure(bytes: number): number {
    if (this.connection.setup.encoder !== jsonEncoder) return bytes;
    const { path, lastEventId = '', input } = this.#params;
    return path.length + lastEventId.length + inputChars(input);
  }

  /**
   * Holds the input as text from now on: values take many times as much, and a subscription may be open for days. It is
   * read anew where an error is to be reported with it.
   */
  fold(): void {
    if (this.connection.setup.encoder !== jsonEncoder) return;
    try {
      const text: string | undefined = JSON.stringify(this.#params.input);
      this.#text = text && this.connection.setup.inputs.of(text);
    } catch {
      return; // numbers beyond 2^53, or nested so deep that only a procedure of one's own takes it: held as it is
    }
    this.#read = undefined;
    this.#params.input = undefined;
  }

  #deserialized(): unknown {
    const { input = this.#text === undefined ? undefined : JSON.parse(this.#text) } = this.#params;
    try {
      return this.connection.router._def._config.transformer.input.deserialize(input);
    } catch (cause) {
      throw cause instanceof TRPCError ? cause : new TRPCError({ code: 'PARSE_ERROR', cause });
    }
  }

  /** Aborts when the client stops the subscription or is gone, or the subscription failed. */
  get signal(): AbortSignal {
    return this.controller.signal;
  }

  abort(): void {
    // Aborting twice does nothing, but builds an error with a stack each time.
    if (!this.signal.aborted) this.controller.abort();
    this.end();
  }

  /**
   * Calls once, in a later microtask, when the call was aborted or its source ended it. A function that all calls share, and
   * no promise: a subscription that waits for one keeps all the functions that wait with it, some KB for as long as it is
   * open.
   */
  onEnd(listener: OnEnd): void {
    this.#onEnd = listener;
  }

  end(failure?: unknown): void {
    const listener = this.#onEnd;
    if (!listener) return;
    this.#onEnd = undefined;
    const told = this.connection.open ? failure : undefined; // one that is hung up on is told why by the close
    queueMicrotask(() => listener(this, told));
  }

  /** @throws what the transformer or the encoder throws */
  respond(result: TRPCResultMessage<unknown>['result']): void {
    this.connection.respond({ ...this.#envelope(), result });
  }

  /** Tells `onError`. */
  report(cause: unknown): TRPCError {
    return reportError(this.connection, this.#subject(), cause);
  }

  /** Tells `onError` and the client. @throws what the transformer or the encoder throws */
  fail(cause: unknown): void {
    const error = this.report(cause);
    this.connection.respond({
      ...this.#envelope(),
      error: shapeError(this.connection, this.#subject(), error),
    });
  }

  /** Fails as `fail` does, but never throws: the client gets a bare error if need be. */
  failSafely(cause: unknown): void {
    try {
      this.fail(cause);
    } catch (failure) {
      reportInternalError(this.connection, this.#subject(), failure);
      this.connection.respondSafely({ ...this.#envelope(), error: FALLBACK_SHAPE });
    }
  }

  #envelope(): { id: RequestId; jsonrpc?: '2.0' } {
    return { id: this.id, ...(this.jsonrpc && { jsonrpc: this.jsonrpc }) };
  }

  #subject(): ErrorSubject {
    const { path, type } = this;
    return { path, type, input: this.connection.admitted ? this.#inputIfReadable() : undefined };
  }

  #inputIfReadable(): unknown {
    try {
      return this.input;
    } catch {
      return undefined;
    }
  }
}

/** The client's resume position becomes a field of the input, unless the input has no fields. */
function withLastEventId(input: unknown, lastEventId: string | undefined): unknown {
  if (lastEventId === undefined) return input;
  if (isObject(input)) return { ...input, lastEventId };
  return input ?? { lastEventId };
}

/** Characters of a value as JSON, about. It goes over the value without recursion: a stranger may nest it as deep as it fits. */
function inputChars(value: unknown): number {
  let chars = 0;
  const pending: unknown[] = [value];
  while (pending.length > 0) {
    const next = pending.pop();
    chars += 2; // quotes, brackets, a comma
    if (typeof next === 'string') chars += next.length;
    else if (typeof next !== 'object' || next === null) chars += String(next).length;
    else if (Array.isArray(next)) for (const item of next) pending.push(item);
    else {
      for (const [key, item] of Object.entries(next)) {
        chars += key.length + 3;
        pending.push(item);
      }
    }
  }
  return chars;
}

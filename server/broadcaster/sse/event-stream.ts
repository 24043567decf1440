import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type AnyTRPCRouter, TRPCError } from '@trpc/server';
import { ERRORS, EventsError } from '../../../shared/errors.ts';
import { CloseCode } from '../../../shared/protocol.ts';
import { type ErrorSubject, type OnError, reportError, shapeError } from '../core/errors.ts';
import type { GroupDelivery, LiveSubscription } from '../groups/group-delivery.ts';
import { type Head, namedEvent, StreamOutlet } from './stream-outlet.ts';

/** Tells a client that was cut what to do. */
const TOO_SLOW = 'The subscription was read too slowly: resume from the last cursor.';

/** A call whose answer is a stream of server-sent events. */
export interface StreamedCall {
  readonly router: AnyTRPCRouter;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Names the request in the log. */
  readonly name: string;
  readonly context: unknown;
  readonly subject: ErrorSubject;
  readonly onError: OnError;
  /** Called once, when nothing of the stream is needed any more. */
  readonly onEnd: () => void;
}

/** One subscription over server-sent events, from its head to its end. */
export class EventStream {
  readonly #call: StreamedCall;
  readonly #outlet: StreamOutlet;
  #detach: (() => void) | undefined;
  #lifetime: NodeJS.Timeout | undefined;
  #ended = false;

  constructor(call: StreamedCall, socket: Socket) {
    this.#call = call;
    const { response, router, name } = call;
    const ping = router._def._config.sse?.ping;
    this.#outlet = new StreamOutlet(response, socket, {
      name,
      pingMs: ping?.enabled ? (ping.intervalMs ?? 1_000) : undefined,
      onClose: (code, reason) => this.#fail(closing(code, reason)),
    });
    response.once('close', () => this.#end());
  }

  /** Answers with a head, and then with what the subscription delivers. */
  begin(head: Head, delivery: GroupDelivery, subscription: LiveSubscription): void {
    const { sse } = this.#call.router._def._config;
    this.#outlet.begin(head, JSON.stringify(sse?.client ?? {}));
    if (sse?.maxDurationMs) this.#lifetime = setTimeout(() => this.#end(), sse.maxDurationMs).unref();
    try {
      const { events: style, name } = this.#outlet;
      const end = (error: Error): void => this.#fail(error);
      this.#detach = delivery.deliver(subscription, { outlet: this.#outlet, style, name, end });
    } catch (cause) {
      this.#fail(cause);
    }
  }

  /** Tells the client why the stream ends, after what it was sent before. */
  #fail(cause: unknown): void {
    if (this.#ended) return;
    const { router, onError, request: req, context, subject } = this.#call;
    const scope = { router, onError, req, context };
    const shape = shapeError(scope, subject, reportError(scope, subject, cause));
    const { output } = router._def._config.transformer;
    this.#outlet.tell(namedEvent('serialized-error', JSON.stringify(output.serialize(shape))));
    this.#end();
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#lifetime);
    this.#detach?.();
    this.#outlet.end();
    this.#call.onEnd();
  }
}

/** The error that says over server-sent events what a close code says over a WebSocket. */
function closing(code: number, reason: string): TRPCError {
  const cause =
    code === CloseCode.SLOW_CONSUMER
      ? new EventsError('SLOW_CONSUMER', TOO_SLOW)
      : new EventsError('UNAVAILABLE', reason);
  return new TRPCError({ code: ERRORS[cause.code].trpc, message: cause.message, cause });
}

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AnyTRPCRouter } from '@trpc/server';
import { incomingMessageToRequest } from '@trpc/server/adapters/node-http';
import { type HTTPBaseHandlerOptions, resolveResponse, type TRPCRequestInfo } from '@trpc/server/http';
import { onAbort } from '../../../shared/timing.ts';
import { UNSENT_BYTES } from '../../event-manager/reading/asker.ts';
import type { OnError } from '../core/errors.ts';
import { eventBody } from '../groups/body.ts';
import { GroupDelivery, type LiveSubscription, subscriptionOf } from '../groups/group-delivery.ts';
import { EventStream, type StreamedCall } from './event-stream.ts';
import { type Intercept, observedRouter } from './observed-router.ts';
import type { HeaderValues } from './stream-outlet.ts';

export interface EventStreamsOptions {
  router: AnyTRPCRouter;
  /** Lets requests in. */
  createContext: (options: { req: IncomingMessage; res: ServerResponse; info: TRPCRequestInfo }) => unknown;
  /** Calls in one request. */
  maxBatchSize: number;
  responseMeta: NonNullable<HTTPBaseHandlerOptions<AnyTRPCRouter, Request>['responseMeta']>;
  /** Bytes a stream may have unsent before its reader is refilled from the log, conflated or cut [D9]. Default 1 MiB. */
  highWaterBytes?: number | undefined;
}

/** One GET to a router. */
export interface StreamRequest {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** The path of the procedure, as it is in the URL. */
  readonly path: string;
  /** Names the request in the log. */
  readonly name: string;
  /** Headers of a stream, asked for when it begins; they stay, whatever tRPC says. */
  readonly headers: () => HeaderValues;
  /** Is told of errors. */
  readonly onError: OnError;
}

/** A procedure's answer that is an event subscription, taken out of tRPC's hands. */
interface Found extends Pick<StreamedCall, 'context' | 'subject' | 'onEnd'> {
  readonly subscription: LiveSubscription;
}

/** Stands for a subscription that is attached to its socket: tRPC has nothing to iterate. */
async function* nothing() {}

/**
 * Serves event subscriptions as server-sent events in groups: an event is matched and encoded once for all who follow
 * it, and a client that does not read is bounded as on a WebSocket [D9]. tRPC itself reads the request and calls the
 * procedure, and whatever is no event subscription is answered by tRPC.
 */
export class EventStreams {
  readonly #options: EventStreamsOptions;
  readonly #delivery: GroupDelivery;
  readonly #isOn: boolean;

  constructor(options: EventStreamsOptions) {
    const { router, highWaterBytes = UNSENT_BYTES } = options;
    const { sse } = router._def._config;
    this.#options = options;
    this.#delivery = new GroupDelivery(eventBody(router), highWaterBytes);
    this.#isOn = sse?.enabled !== false && !sse?.emitAndEndImmediately;
  }

  /** Answers a GET. Returns tRPC's answer for the caller to send; null where a stream has begun on the response. */
  async answer(asked: StreamRequest): Promise<Response | null> {
    const { request, response } = asked;
    const { createContext, ...options } = this.#options;
    let found: Found | undefined;
    const router = observedRouter(options.router, async (call, proceed) => {
      const { result, signals } = await proceedWithSignal(response, call, proceed);
      const subscription = subscriptionOf(result);
      if (!this.#isOn || !response.socket || !subscription) return result;
      signals.detach();
      const subject = { path: call.path, type: call.type, input: await call.getRawInput() };
      found = { subscription, context: call.ctx, subject, onEnd: signals.abort };
      return nothing();
    });
    const answer = await resolveResponse({
      ...options,
      router,
      req: incomingMessageToRequest(request, response, { maxBodySize: null }),
      path: asked.path,
      error: null,
      createContext: async ({ info }) => createContext({ req: request, res: response, info }),
      onError: ({ req: _, ...failure }) => asked.onError?.({ ...failure, req: request }),
    });
    if (!found) return answer;
    if (!isEventStream(answer)) {
      found.onEnd();
      return answer;
    }
    await answer.body?.cancel();
    this.#begin(asked, answer, found);
    return null;
  }

  #begin({ request, response, name, headers, onError }: StreamRequest, answer: Response, found: Found): void {
    const { socket } = response;
    if (!socket || response.closed) {
      found.onEnd();
      return;
    }
    const { subscription, ...of } = found;
    const stream = new EventStream(
      { router: this.#options.router, request, response, name, onError, ...of },
      socket,
    );
    const head = { status: answer.status, headers: { ...headersOf(answer), ...headers() } };
    stream.begin(head, this.#delivery, subscription);
  }
}

/** Calls a procedure with a signal that follows the call's own until it is detached, or the response is over. */
async function proceedWithSignal(response: ServerResponse, ...[call, proceed]: Parameters<Intercept>) {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  const detach = call.signal ? onAbort(call.signal, abort) : () => {};
  response.once('close', detach);
  const result = await proceed({ ...call, signal: controller.signal });
  return { result, signals: { abort, detach } };
}

function isEventStream({ headers }: Response): boolean {
  return headers.get('content-type')?.startsWith('text/event-stream') ?? false;
}

function headersOf({ headers }: Response): HeaderValues {
  const cookies = headers.getSetCookie();
  return { ...Object.fromEntries(headers), ...(cookies.length > 0 && { 'set-cookie': cookies }) };
}

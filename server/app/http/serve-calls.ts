import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { type AnyTRPCRouter, TRPCError } from '@trpc/server';
import { fetchRequestHandler } from '@trpc/server/adapters/fetch';
import type { Context } from 'hono';
import { EventsError } from '../../../shared/errors.ts';
import type { createAccessContext } from '../../access/access-context.ts';
import { readBody } from '../../broadcaster/core/read-body.ts';
import { EventStreams } from '../../broadcaster/sse/event-streams.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { Instruments } from '../../telemetry/telemetry.ts';
import { VARY } from './admission.ts';
import { type Failure, logFailure } from './answer-errors.ts';
import { endsConnection, type HttpEnv, type HttpRoutes } from './every-answer.ts';
import type { OpenRequests } from './node/requests.ts';
import { InputTexts, requestOfForm } from './request-bodies.ts';

/** Methods of calls. */
const METHODS = ['GET', 'HEAD', 'POST'];
/** Calls in one request. */
const MAX_BATCH_CALLS = 100;

export interface CallsOptions {
  router: AnyTRPCRouter;
  /** Path of the router. */
  path: string;
  /** Lets requests in. */
  createContext: ReturnType<typeof createAccessContext>;
  /** Is told of streams, which do not end by themselves. */
  requests: OpenRequests;
  /** Tells if connections are to be made elsewhere. */
  sendsAway: () => boolean;
  logger: Logger;
  instruments: Instruments;
}

/** Serves a router's calls below a path, and its subscriptions as server-sent events. */
export function serveCalls(app: HttpRoutes, options: CallsOptions): void {
  const { router, path, createContext, requests, sendsAway, logger, instruments } = options;
  const texts = new InputTexts();
  const calls = {
    router,
    maxBatchSize: MAX_BATCH_CALLS,
    responseMeta: ({ errors }: { errors: TRPCError[] }) => ({ headers: answerHeaders(errors) }),
  };
  const streams = new EventStreams({ ...calls, createContext });
  app.all(`${path}/:call`, async (c) => {
    const { incoming, outgoing } = c.env;
    const name = c.get('requestId');
    const report = (failure: Omit<Failure, 'from'>): void =>
      logFailure({ logger, instruments }, { ...failure, from: { request: name } });
    if (incoming.method === 'GET') {
      const answer = await streams.answer({
        request: incoming,
        response: outgoing,
        path: new URL(c.req.url).pathname.slice(path.length + 1),
        name,
        headers: () => (endsConnection(incoming, sendsAway()) ? { connection: 'close' } : {}),
        onError: report,
      });
      if (answer) return answer;
      requests.addStream(outgoing);
      return RESPONSE_ALREADY_SENT;
    }
    return fetchRequestHandler({
      ...calls,
      endpoint: path,
      req: await withBody(c, texts, instruments),
      createContext: ({ info }) => createContext({ req: incoming, res: outgoing, info }),
      onError: report,
    });
  });
}

/**
 * The request of a call, with a body that has been read and is no larger than it may be.
 * @throws TRPCError for a method or a type of content that calls do not have; what {@link readBody} throws
 */
async function withBody(
  { env: { incoming }, req: { raw: request } }: Context<HttpEnv>,
  texts: InputTexts,
  instruments: Instruments,
): Promise<Request> {
  const { method = '' } = incoming;
  const refuse = (code: TRPCError['code'], message: string): never => {
    instruments.refused(code);
    throw new TRPCError({ code, message, cause: new EventsError('INVALID_OPTION', message) });
  };
  if (!METHODS.includes(method)) refuse('METHOD_NOT_SUPPORTED', `Use GET or POST, not ${method}`);
  const { 'content-type': type, 'content-length': length } = incoming.headers;
  const isWithout = type === undefined && (length ?? '0') === '0' && !incoming.headers['transfer-encoding'];
  if (method !== 'POST' || isWithout) return request;

  const mediaType = type?.split(';', 1)[0]?.trim().toLowerCase();
  const isJson = mediaType === 'application/json';
  if (!isJson && mediaType !== 'multipart/form-data')
    refuse('UNSUPPORTED_MEDIA_TYPE', 'Send JSON, with content-type: application/json');
  try {
    const body = await readBody(incoming);
    return isJson ? texts.give(request, body) : requestOfForm(request, body);
  } catch (error) {
    if (error instanceof EventsError) instruments.refused('BODY_TOO_LARGE');
    throw error;
  }
}

/** Headers beside tRPC's own: its `Vary` would replace ours, and a header tells too when trying again can help. */
function answerHeaders(errors: readonly TRPCError[]): Headers {
  const headers = new Headers({ vary: VARY });
  const waits = errors.flatMap(({ cause }) =>
    cause instanceof EventsError ? (cause.retryAfterMs ?? []) : [],
  );
  if (waits.length > 0) headers.set('retry-after', `${Math.ceil(Math.max(...waits) / 1000)}`);
  return headers;
}

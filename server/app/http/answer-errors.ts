import { type AnyTRPCRouter, getTRPCErrorShape, TRPCError, transformTRPCResponse } from '@trpc/server';
import { getHTTPStatusCodeFromError } from '@trpc/server/http';
import type { Context } from 'hono';
import { EventsError } from '../../../shared/errors.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { Instruments } from '../../telemetry/telemetry.ts';
import { toTRPCError } from '../../trpc/errors.ts';
import type { HttpEnv, HttpRoutes } from './every-answer.ts';

export interface AnswerErrorsOptions {
  router: AnyTRPCRouter;
  /** Path of the router: its clients are answered in tRPC's shape, with a code they know. */
  path: string;
  logger: Logger;
}

/** Answers what goes wrong before or beside a procedure: no route, a body that is none, a refusal by the server itself. */
export function answerErrors(app: HttpRoutes, { router, path, logger }: AnswerErrorsOptions): void {
  const answer = (c: Context<HttpEnv>, error: TRPCError): Response => {
    const init = { status: getHTTPStatusCodeFromError(error) };
    if (!isBelow(path, c.env.incoming.url ?? '')) return Response.json({ message: error.message }, init);
    const shape = getTRPCErrorShape({
      config: router._def._config,
      error,
      type: 'unknown',
      path: undefined,
      input: undefined,
      ctx: undefined,
    });
    return Response.json(transformTRPCResponse(router._def._config, { error: shape }), init);
  };
  app.notFound((c) =>
    answer(c, new TRPCError({ code: 'NOT_FOUND', message: 'There is nothing at this address' })),
  );
  app.onError((cause, c) => {
    const error = asTRPCError(cause);
    if (error.code === 'INTERNAL_SERVER_ERROR')
      logger.error({ request: c.get('requestId'), err: cause }, 'A request failed');
    else
      logger.debug(
        { request: c.get('requestId'), code: codeOf(error, 'unknown'), reason: error.message },
        'A request was refused',
      );
    return answer(c, error);
  });
}

/** Answers a request whose address or `Host` cannot be read, so that there is nothing to ask for. */
export function refuseAddress(): Response {
  return Response.json({ message: 'The address cannot be decoded' }, { status: 400 });
}

function isBelow(path: string, url: string): boolean {
  return url.startsWith(`${path}/`) || url.split('?', 1)[0] === path;
}

/** An error of a handler as a client may know it: what is not its own fault is masked. */
function asTRPCError(cause: Error): TRPCError {
  if (cause instanceof EventsError) return toTRPCError(cause);
  if (cause instanceof TRPCError) return cause;
  return new TRPCError({ code: 'INTERNAL_SERVER_ERROR', message: 'Internal server error' });
}

export interface Failure {
  error: TRPCError;
  path: string | undefined;
  type: string;
  /** Its way in: a request over HTTP, or a WebSocket, by the id that the log has for it. */
  from: { request: string } | { connection: string };
}

/** Codes of what a peer of a WebSocket does: it breaks the protocol, or hangs up. */
const OF_PEERS = /^(WS_ERR_|ECONNRESET$|EPIPE$|ETIMEDOUT$)/;

interface Reporters {
  logger: Logger;
  instruments: Instruments;
}

/** Counts and logs a request that failed: a fault of the server as an error, a fault of the client for debugging. Never its input. */
export function logFailure({ logger, instruments }: Reporters, { error, path, type, from }: Failure): void {
  const { cause } = error;
  const code = codeOf(error, type);
  if (code === 'CLOSED') return; // the client left before its answer: nothing was refused
  instruments.refused(code);
  const fields = {
    ...from,
    path,
    type,
    code,
    reason: (cause instanceof EventsError ? cause : error).message,
  };
  if (code === 'INTERNAL_SERVER_ERROR')
    logger.error({ ...from, path, type, err: cause ?? error }, 'A request failed');
  else if (code === 'UNAVAILABLE') logger.warn(fields, 'A request failed');
  else logger.debug(fields, 'A request was refused');
}

function codeOf({ cause, code }: TRPCError, type: string): string {
  if (cause instanceof EventsError) return cause.code;
  const isOfConnection = type === 'unknown' && cause instanceof Error && 'code' in cause;
  return isOfConnection && OF_PEERS.test(String(cause.code)) ? 'PARSE_ERROR' : code;
}

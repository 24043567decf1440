import { type AnyTRPCRouter, getTRPCErrorShape, TRPCError, transformTRPCResponse } from '@trpc/server';
import { getHTTPStatusCodeFromError } from '@trpc/server/http';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { EventsError } from '../../../shared/errors.ts';
import type { Logger } from '../../logger.ts';
import { toTRPCError } from '../../router/errors.ts';
import { SECURITY_HEADERS } from '../security-headers.ts';
import { MAX_BODY_BYTES } from './body.ts';

export interface AnswerErrorsOptions {
  router: AnyTRPCRouter;
  /** Where the router is served: its clients are answered in tRPC's shape, with a code they know. */
  path: string;
  logger: Logger;
}

/** Answers what goes wrong before or beside a procedure: no route, a body that is none, a refusal by the server itself. */
export function answerErrors(app: FastifyInstance, { router, path, logger }: AnswerErrorsOptions): void {
  const answer = (reply: FastifyReply, error: TRPCError): FastifyReply => {
    reply.code(getHTTPStatusCodeFromError(error));
    if (!isBelow(path, reply.request.url)) return reply.send({ message: error.message });
    const shape = getTRPCErrorShape({
      config: router._def._config,
      error,
      type: 'unknown',
      path: undefined,
      input: undefined,
      ctx: undefined,
    });
    return reply.send(transformTRPCResponse(router._def._config, { error: shape }));
  };
  app.setNotFoundHandler((_request, reply) =>
    answer(reply, new TRPCError({ code: 'NOT_FOUND', message: 'There is nothing at this address' })),
  );
  app.setErrorHandler((cause, request, reply) => {
    const error = asTRPCError(cause);
    if (error.code === 'INTERNAL_SERVER_ERROR')
      logger.error({ request: request.id, route: request.routeOptions.url, err: cause }, 'A request failed');
    return answer(reply, error);
  });
}

/** Refuses an address that cannot be decoded, before there is a route whose hooks and handlers would. */
export function refuseAddress(
  { statusCode = 400 }: FastifyError,
  _request: FastifyRequest,
  reply: FastifyReply,
): void {
  reply.code(statusCode).headers(SECURITY_HEADERS).send({ message: 'Such an address cannot be read' });
}

function isBelow(path: string, url: string): boolean {
  return url.startsWith(`${path}/`) || url.split('?', 1)[0] === path;
}

/** An error of a hook or of fastify as a client may know it: what is not its own fault is masked. */
function asTRPCError(cause: unknown): TRPCError {
  if (cause instanceof EventsError) return toTRPCError(cause);
  if (cause instanceof TRPCError) return cause;
  const status = statusOf(cause);
  if (status === 413) {
    const most = MAX_BODY_BYTES / 1024 / 1024;
    const message = `A body may have ${most} MiB at most: send fewer events at a time`;
    return toTRPCError(new EventsError('TOO_LARGE', message, { cause }));
  }
  if (status === 415)
    return refusal('UNSUPPORTED_MEDIA_TYPE', 'Send JSON, with content-type: application/json');
  if (status >= 400 && status < 500 && cause instanceof Error) return refusal('BAD_REQUEST', cause.message);
  return new TRPCError({ code: 'INTERNAL_SERVER_ERROR', message: 'Internal server error' });
}

function refusal(code: TRPCError['code'], message: string): TRPCError {
  return new TRPCError({ code, message, cause: new EventsError('INVALID_OPTION', message) });
}

function statusOf(cause: unknown): number {
  const { statusCode } = cause as { statusCode?: unknown };
  return typeof statusCode === 'number' ? statusCode : 500;
}

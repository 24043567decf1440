import { type AnyTRPCRouter, getTRPCErrorShape, TRPCError, transformTRPCResponse } from '@trpc/server';
import { getHTTPStatusCodeFromError } from '@trpc/server/http';
import type { Context } from 'hono';
import { EventsError } from '../../../shared/errors.ts';
import type { Logger } from '../../telemetry/logger.ts';
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
    return answer(c, error);
  });
}

/** Answers a request whose address or `Host` cannot be read, so that there is nothing to ask for. */
export function refuseAddress(): Response {
  return Response.json({ message: 'Such an address cannot be read' }, { status: 400 });
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

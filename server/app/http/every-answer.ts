import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { HttpBindings } from '@hono/node-server';
import type { Hono, MiddlewareHandler } from 'hono';
import { routePath } from 'hono/route';
import { readToEnd } from '../../broadcaster/core/read-body.ts';
import { debugs, type Logger } from '../../telemetry/logger.ts';
import type { OpenRequests } from './node/requests.ts';
import type { Readiness } from './readiness.ts';

/** The environment of a handler: the objects of `node:http`, and the request's id, which is in its answer and in the log. */
export interface HttpEnv {
  Bindings: HttpBindings;
  Variables: { requestId: string };
}
export type HttpRoutes = Hono<HttpEnv>;
export type HttpMiddleware = MiddlewareHandler<HttpEnv>;

export interface EveryAnswerOptions {
  readiness: Readiness;
  /** Is told of all requests. */
  requests: OpenRequests;
  logger: Logger;
}

/** Does for each request what does not depend on what it asks: names it, keeps count of it, and tells how its connection goes on. */
export function everyAnswer({ readiness, requests, logger }: EveryAnswerOptions): HttpMiddleware {
  return async (c, next) => {
    const { incoming, outgoing } = c.env;
    const id = randomUUID();
    c.set('requestId', id);
    outgoing.setHeader('x-request-id', id); // what its lines in the log can be found by
    requests.add(outgoing);
    if (debugs(logger)) {
      const since = performance.now();
      outgoing.once('finish', () => {
        const elapsedMs = performance.now() - since;
        const { statusCode } = outgoing;
        logger.debug(
          { request: id, method: incoming.method, route: routePath(c, -1), statusCode, elapsedMs },
          'A request was answered',
        );
      });
    }
    await next();
    if (c.res.headers.get('content-type')?.startsWith('text/event-stream')) requests.addStream(outgoing);
    if (isOld(incoming)) c.res.headers.delete('transfer-encoding');
    const isRead = await readToEnd(incoming);
    if (!isRead || endsConnection(incoming, readiness.sendsAway)) c.res.headers.set('connection', 'close');
  };
}

/**
 * Tells if a connection ends with the answer to a request. A client of HTTP/1.0 knows no chunks: an answer of unknown
 * length ends with its connection. One that keeps a connection to a server that sends clients away is to make the next one elsewhere.
 */
export function endsConnection(request: IncomingMessage, sendsAway: boolean): boolean {
  return sendsAway || isOld(request);
}

function isOld({ httpVersion }: IncomingMessage): boolean {
  return httpVersion === '1.0';
}

import type { FastifyInstance } from 'fastify';
import type { Instruments } from '../instruments.ts';
import type { Logger } from '../logger.ts';

/** Codes of what the HTTP server itself refuses. */
const CODES: Readonly<Record<string, string>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'BODY_TOO_LARGE',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'UNSUPPORTED_MEDIA_TYPE',
  ERR_HTTP_REQUEST_TIMEOUT: 'HANDSHAKE_TIMEOUT',
};

/** Names each request, logs what became of it, and counts what the HTTP server refuses before any procedure is asked. */
export function observeHttp(app: FastifyInstance, logger: Logger, instruments: Instruments): void {
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id); // what its lines in the log can be found by
  });
  app.addHook('onResponse', async (request, reply) => {
    const { id, method, routeOptions } = request;
    const { statusCode, elapsedTime } = reply;
    logger.debug(
      { request: id, method, route: routeOptions.url, statusCode, elapsedMs: elapsedTime },
      'Answered',
    );
  });
  app.addHook('onError', async (_request, _reply, { code }) =>
    instruments.refused(CODES[code] ?? 'BAD_REQUEST'),
  );
  app.server.on('clientError', ({ code = '' }: NodeJS.ErrnoException) =>
    instruments.refused(CODES[code] ?? 'BAD_REQUEST'),
  );
}

import type { FastifyInstance } from 'fastify';
import { EventsError } from '../../shared/errors.ts';
import { PROTOCOL_HEADER } from '../../shared/protocol-version.ts';
import { isAllowedOrigin, ORIGIN_REFUSAL } from '../access/origins.ts';

/** Refuses pages of foreign origins; tells browsers about those that are allowed. */
export function allowOrigins(app: FastifyInstance, allowed: readonly string[], refused: () => void): void {
  app.addHook('onRequest', async (request, reply) => {
    if (!isAllowedOrigin(request.raw, allowed)) {
      refused();
      throw new EventsError('FORBIDDEN', ORIGIN_REFUSAL);
    }
    const { origin } = request.headers;
    if (origin === undefined) return;
    reply
      .header('access-control-allow-origin', origin)
      .header('access-control-allow-credentials', 'true') // its cookie counts: see credentials.ts
      .header('access-control-expose-headers', PROTOCOL_HEADER)
      .header('vary', 'origin');
    if (request.method !== 'OPTIONS') return;
    return reply
      .header('access-control-allow-methods', 'GET, POST')
      .header('access-control-allow-headers', request.headers['access-control-request-headers'] ?? '')
      .header('access-control-max-age', '600')
      .code(204)
      .send();
  });
}

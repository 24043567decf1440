import type { IncomingMessage } from 'node:http';
import { EventsError } from '../../../shared/errors.ts';
import { PROTOCOL_HEADER } from '../../../shared/protocol.ts';
import { isAllowedOrigin, ORIGIN_REFUSAL } from '../../access/names/origins.ts';
import { HOST_REFUSAL } from '../../access/names/served-hosts.ts';
import type { HttpMiddleware } from './every-answer.ts';

const HEALTH = ['/healthz', '/readyz'];

/**
 * Gives a request for the server's health a name that it goes by: a balancer or an orchestrator asks by an address that is
 * nobody's name for the server, or by something that cannot be read.
 */
export function nameHealthCheck({ url, headers }: IncomingMessage): void {
  if (HEALTH.includes(url?.split('?', 1)[0] ?? '')) headers.host = 'localhost';
}

/** Refuses requests to a name that this server does not go by. */
export function checkHost(
  isServed: (request: IncomingMessage) => boolean,
  refused: () => void,
): HttpMiddleware {
  return async ({ env }, next) => {
    if (isServed(env.incoming)) return next();
    refused();
    throw new EventsError('FORBIDDEN', HOST_REFUSAL);
  };
}

/** Refuses pages of foreign origins; tells browsers about those that are allowed. */
export function allowOrigins(allowed: readonly string[], refused: () => void): HttpMiddleware {
  return async ({ env: { incoming, outgoing }, body }, next) => {
    if (!isAllowedOrigin(incoming, allowed)) {
      refused();
      throw new EventsError('FORBIDDEN', ORIGIN_REFUSAL);
    }
    const { origin } = incoming.headers;
    if (origin === undefined) return next();
    outgoing
      .setHeader('access-control-allow-origin', origin)
      .setHeader('access-control-allow-credentials', 'true') // its cookie counts: see credentials.ts
      .setHeader('access-control-expose-headers', PROTOCOL_HEADER)
      .setHeader('vary', 'origin');
    if (incoming.method !== 'OPTIONS') return next();
    outgoing
      .setHeader('access-control-allow-methods', 'GET, POST')
      .setHeader('access-control-allow-headers', incoming.headers['access-control-request-headers'] ?? '')
      .setHeader('access-control-max-age', '600');
    return body(null, 204);
  };
}

import type { FastifyInstance } from 'fastify';
import { PROTOCOL_HEADER, PROTOCOL_VERSION } from '../../shared/protocol-version.ts';

/** On every answer. Strict-Transport-Security is for who ends TLS to say. */
export const SECURITY_HEADERS = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  // What is no page may load nothing and be shown nowhere; the page has a policy of its own.
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
} as const;

/** Puts {@link SECURITY_HEADERS} and the version of the protocol on every answer, whatever its status; whoever answers may replace them. */
export function addSecurityHeaders(app: FastifyInstance): void {
  app.addHook('onRequest', async (_request, reply) => {
    reply.headers(SECURITY_HEADERS).header(PROTOCOL_HEADER, PROTOCOL_VERSION);
  });
}

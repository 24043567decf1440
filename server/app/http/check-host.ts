import type { IncomingMessage } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { EventsError } from '../../../shared/errors.ts';
import { HOST_REFUSAL } from '../../access/served-hosts.ts';

/** What a balancer or an orchestrator asks, by an address that is nobody's name for the server. */
const HEALTH = ['/healthz', '/readyz'];

/** Refuses requests to a name that this server does not go by, whatever they ask but its health. */
export function checkHost(
  app: FastifyInstance,
  isServed: (request: IncomingMessage) => boolean,
  refused: () => void,
): void {
  app.addHook('onRequest', async ({ raw, routeOptions }) => {
    if (isServed(raw) || HEALTH.includes(routeOptions.url ?? '')) return;
    refused();
    throw new EventsError('FORBIDDEN', HOST_REFUSAL);
  });
}

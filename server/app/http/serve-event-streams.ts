import type { FastifyInstance } from 'fastify';
import type { EventStreams } from '../../broadcaster/sse/event-streams.ts';
import type { Instruments } from '../../instruments.ts';
import type { Logger } from '../../logger.ts';
import { logFailure } from '../log-failure.ts';
import type { OpenRequests } from '../open-requests.ts';

export interface ServeEventStreamsOptions {
  streams: EventStreams;
  /** Where the router is served. */
  path: string;
  requests: OpenRequests;
  /** Tells if connections are to be made elsewhere from now on. */
  isClosed: () => boolean;
  logger: Logger;
  instruments: Instruments;
}

/** Hands what is asked of a router by GET to the event streams; tRPC's own answers go fastify's way. */
export function serveEventStreams(app: FastifyInstance, options: ServeEventStreamsOptions): void {
  const { streams, path, requests, isClosed, logger, instruments } = options;
  app.addHook('preHandler', async (request, reply) => {
    if (request.method !== 'GET') return undefined;
    const { id } = request;
    const answer = await streams.answer({
      request: request.raw,
      response: reply.raw,
      path: request.raw.url?.split('?', 1)[0]?.slice(path.length + 1) ?? '',
      name: id,
      headers: () => ({ ...reply.getHeaders(), ...(isClosed() && { connection: 'close' }) }),
      onError: (failure) => logFailure({ logger, instruments }, { ...failure, req: { id } }),
    });
    if (answer) return reply.send(answer);
    reply.hijack();
    requests.addStream(reply.raw);
    return reply;
  });
}

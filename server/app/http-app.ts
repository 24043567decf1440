import type { AnyTRPCRouter } from '@trpc/server';
import { type FastifyTRPCPluginOptions, fastifyTRPCPlugin } from '@trpc/server/adapters/fastify';
import { type FastifyBaseLogger, type FastifyInstance, fastify, LogController } from 'fastify';
import type { createAccessContext } from '../access/access-context.ts';
import { logFailure } from './log-failure.ts';
import { isAllowedOrigin } from './origins.ts';
import { servePage } from './page.ts';
import type { Readiness } from './readiness.ts';

/** The longest URL path that Node itself lets through: a batch of tRPC calls names all its procedures in the path. */
const MAX_PATH = 16 * 1024;
/** Ms for the head of a request, from the connection on; looked at once a second. */
const HEAD_MS = 4_000;
/** Ms for a whole request. */
const REQUEST_MS = 30_000;

export interface HttpAppOptions {
  router: AnyTRPCRouter;
  /** Where the router is served. */
  path: string;
  /** Lets requests in. */
  createContext: ReturnType<typeof createAccessContext>;
  readiness: Readiness;
  allowedOrigins: readonly string[];
  /** Directory of the page. Default: where the build puts it. */
  pageDir?: string | undefined;
  logger: FastifyBaseLogger;
}

/** Health, page and tRPC over HTTP; not listening yet. */
export async function createHttpApp(options: HttpAppOptions): Promise<FastifyInstance> {
  const { router, path, createContext, readiness, allowedOrigins, pageDir, logger } = options;
  const app = fastify({
    loggerInstance: logger,
    // fastify's own lines carry the query, and with it tokens.
    logController: new LogController({ disableRequestLogging: true }),
    requestTimeout: REQUEST_MS,
    http: { headersTimeout: HEAD_MS, requestTimeout: REQUEST_MS, connectionsCheckingInterval: 1_000 },
    routerOptions: { maxParamLength: MAX_PATH },
  });
  app.addHook('onResponse', async (request, reply) => {
    const { method, routeOptions } = request;
    const { statusCode, elapsedTime } = reply;
    logger.debug({ method, route: routeOptions.url, statusCode, elapsedMs: elapsedTime }, 'Answered');
  });

  app.get('/healthz', () => ({ status: 'ok' }));
  app.get('/readyz', async (_request, reply) => {
    if (await readiness.check()) return { status: 'ready' };
    return reply.code(503).send({ status: 'unavailable', message: 'The broker does not deliver' });
  });

  await app.register(async (scope) => {
    allowOrigins(scope, allowedOrigins);
    const trpc: FastifyTRPCPluginOptions<AnyTRPCRouter> = {
      prefix: path,
      trpcOptions: { router, createContext, onError: (failure) => logFailure(logger, failure) },
    };
    await scope.register(fastifyTRPCPlugin, trpc);
  });
  await servePage(app, pageDir);
  return app;
}

/** Refuses pages of foreign origins; tells browsers about those that are allowed. */
function allowOrigins(app: FastifyInstance, allowed: readonly string[]): void {
  app.addHook('onRequest', async (request, reply) => {
    if (!isAllowedOrigin(request.raw, allowed))
      return reply
        .code(403)
        .send({ message: 'Pages of this origin may not use the server: see ALLOWED_ORIGINS' });
    const { origin } = request.headers;
    if (origin === undefined) return;
    reply.header('access-control-allow-origin', origin).header('vary', 'origin');
    if (request.method !== 'OPTIONS') return;
    return reply
      .header('access-control-allow-methods', 'GET, POST')
      .header('access-control-allow-headers', request.headers['access-control-request-headers'] ?? '')
      .header('access-control-max-age', '600')
      .code(204)
      .send();
  });
}

import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AnyTRPCRouter } from '@trpc/server';
import type { AnyCatalog } from '../../shared/catalog.ts';
import { EventsError } from '../../shared/errors.ts';
import { checkPublishAs, type PublishAs } from '../../shared/options/publish-as.ts';
import { requireCatalog } from '../../shared/options/require-catalog.ts';
import { type PsycheCatalog, psycheEvents } from '../../shared/psyche-events.ts';
import { configuredAuthentication, refuseOpenServer } from '../access/access-config.ts';
import { type AccessContextOptions, createAccessContext } from '../access/access-context.ts';
import { RefusedNames } from '../access/names/refused-names.ts';
import { servedHosts } from '../access/names/served-hosts.ts';
import { Sessions } from '../access/sessions/sessions.ts';
import { anonymous } from '../access/tokens/authenticate.ts';
import type { Subject } from '../access/tokens/subject.ts';
import type { Broadcaster } from '../broadcaster/broadcaster.ts';
import { PendingAnswers } from '../broadcaster/upgrade/answers.ts';
import type { Broker } from '../broker/broker.ts';
import { EventManager } from '../event-manager/event-manager.ts';
import type { OpenIngress } from '../ingress/open-ingress.ts';
import { ClientLimits } from '../limits/limits.ts';
import type { MetricsSources } from '../metrics/gauges.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { type MetricsServer, serveMetrics } from '../metrics/metrics-server.ts';
import { createAppRouter } from '../router/app-router.ts';
import { LimitedLogger } from '../telemetry/limited-logger.ts';
import { JsonLogger } from '../telemetry/logger.ts';
import { noInstruments } from '../telemetry/telemetry.ts';
import type { Application, ApplicationContext } from './application.ts';
import { assertLoaded, loadConfig, type ServerConfig } from './config.ts';
import { configuredMetrics, configuredTracing, openBroker, startMonitor } from './configured-parts.ts';
import { drain } from './drain.ts';
import { createHttpServer, type HttpServerOptions } from './http/http-server.ts';
import { shortenAddresses } from './http/node/addresses.ts';
import { OpenRequests } from './http/node/requests.ts';
import { Readiness } from './http/readiness.ts';
import { MovingClients } from './moving-clients.ts';
import { checkParts, type ServerParts } from './server-parts.ts';
import { attachWebSockets } from './web-sockets.ts';

/** Path of tRPC, over HTTP and WebSocket alike. */
const PATH = '/trpc';

/** A server that listens. */
export interface RunningServer {
  /** For example `http://127.0.0.1:3000`. */
  readonly url: string;
  readonly port: number;
  /** For example `http://127.0.0.1:9464/metrics`; null where nothing is measured. */
  readonly metricsUrl: string | null;
  /** The WebSockets that are open, and what closes one: its client connects again and resumes. */
  readonly broadcaster: Pick<Broadcaster<AnyTRPCRouter>, 'connections' | 'disconnect'>;
  /** Sessions of signed-in clients, which can be revoked. */
  readonly sessions: Pick<Sessions, 'revoke' | 'size'>;
  /**
   * Stops: the application first, then nothing new is taken; clients are asked to connect elsewhere, one after another
   * over `drainMs` if there are many, requests in flight finish, and the broker is closed. As soon as nobody is left,
   * and three seconds after `drainMs` at the latest. Idempotent.
   */
  close(): Promise<void>;
}

/** A server that listens, with the events that it serves. */
export interface EventServer<C extends AnyCatalog = PsycheCatalog> extends RunningServer {
  /** For code of the same process, which publishes, follows, reads and erases past any claims. It is closed with the server. */
  readonly manager: EventManager<C>;
}

/**
 * Starts a server: page, tRPC over HTTP and WebSocket, health, and, where the catalog has the event, the monitor that publishes
 * `system_status`.
 *
 * @example const server = await startServer(loadConfig({ port: 0 }), { catalog });
 * @param config what `loadConfig` returns. Default: `loadConfig()`, which reads the environment
 * @throws EventsError UNAVAILABLE when Redis does not answer or the log's file cannot be used, INVALID_OPTION when host
 * and port cannot be listened on, when the network would be let in without authentication, or `config` is none, or `parts` has a name
 * that is no part
 * @throws TypeError when `publishAs` names an event or a version that the catalog does not have, or `catalog` was not made by `defineEvents`
 */
export async function startServer<C extends AnyCatalog = PsycheCatalog>(
  config: ServerConfig = loadConfig(),
  parts: ServerParts<C> = {},
): Promise<EventServer<C>> {
  assertLoaded(config);
  checkParts(parts);
  requireCatalog('startServer', parts.catalog);
  const authenticate = parts.authenticate ?? (await configuredAuthentication(config));
  if (!authenticate && !config.allowAnonymous) refuseOpenServer(config.host);
  const logger = new LimitedLogger(parts.logger ?? new JsonLogger(config.logLevel, nameOf(config)));
  checkPublishAs(parts.catalog ?? psycheEvents, config.publishAs, 'startServer (PUBLISH_AS)'); // before anything is opened
  const tracing = config.tracing ? await configuredTracing() : undefined;
  const metrics = await configuredMetrics(config);
  const { broker, connections } = await openBroker(config, logger);
  logger.info({}, `Events are kept in ${config.data ?? (config.redisUrl === null ? 'memory' : 'Redis')}`);
  const { catalog, clock } = parts;
  const moving = new MovingClients();
  const manager = new EventManager<C>({
    broker,
    logger,
    ...(metrics && { instruments: metrics }),
    ...(tracing && { tracing }),
    ...(catalog && { catalog }),
    ...(clock && { clock }),
    maxOpen: config.maxOpen,
    // The manager has checked it against its catalog.
    publishAs: config.publishAs as PublishAs<C>,
    onNewerVersion: (met) => moving.begin(met),
  });
  const unknown = Object.keys(config.retention).filter((type) => !manager.catalog.has(type));
  if (unknown.length > 0)
    logger.warn({ types: unknown }, 'RETENTION has limits of types that the catalog does not have');
  const sessions = new Sessions({ broker: authenticate && broker, logger });
  let opened: ClientLimits | undefined;
  try {
    const limits = await ClientLimits.open(config);
    opened = limits;
    await sessions.start();
    const context = { manager, broker, config, logger };
    const application = parts.application?.(context) ?? { router: createAppRouter(manager) };
    const readiness = new Readiness({
      broker,
      topic: readyTopic(config.nodeName),
      sendsAway: () => moving.isAsking,
    });
    const access = {
      authenticate: authenticate ?? anonymous(),
      sessions,
      allowedOrigins: config.allowedOrigins,
      addressOf: limits.addressOf,
      allowance: ({ id }: Subject, address: string) => limits.allowance(authenticate && id, address),
    };
    const serving = {
      broker,
      connections,
      moving,
      readiness,
      access,
      limits,
      metrics,
      pageDir: parts.pageDir,
    };
    return await run(context, application, serving);
  } catch (error) {
    sessions.close();
    opened?.close();
    await manager.close();
    throw error;
  }
}

/** The parts that a server serves with. */
interface Serving {
  broker: Broker;
  /** Default: the broker has none. */
  connections: MetricsSources['brokerConnections'];
  moving: MovingClients;
  readiness: Readiness;
  access: AccessContextOptions;
  limits: ClientLimits;
  metrics: Metrics | undefined;
  pageDir: string | undefined;
}

async function run<C extends AnyCatalog>(
  context: ApplicationContext<C> & { logger: LimitedLogger },
  application: Application,
  { broker, connections, moving, readiness, access, limits, metrics, pageDir }: Serving,
): Promise<EventServer<C>> {
  const { manager, config, logger } = context;
  const { allowedOrigins, handshakeTimeoutMs } = config;
  const isServedHost = servedHosts(config);
  const createContext = createAccessContext(access);
  const requests = new OpenRequests();
  const described = { catalog: manager.catalog, redisPrefix: config.redisPrefix };
  const serving = {
    router: application.router,
    path: PATH,
    basePath: config.basePath,
    createContext,
    isServedHost,
    pending: new PendingAnswers(),
    allowedOrigins,
    refusedNames: new RefusedNames(logger),
    handshakeTimeoutMs,
    limits,
    logger,
    instruments: metrics ?? noInstruments,
  };
  const serveStream: HttpServerOptions['serveStream'] = (...of) => broadcaster.serveStream(...of);
  const server = createHttpServer({ ...serving, ...described, serveStream, readiness, requests, pageDir });
  const mayBeLarge = (path: string): boolean => manager.isRequest(path); // it may hold a whole chat
  const broadcaster = attachWebSockets(server, { ...serving, mayBeLarge, compression: config.compression });
  moving.through({ broadcaster, requests, drainMs: config.drainMs });
  shortenAddresses(server, config.basePath);
  let monitor: { stop(): void } | undefined;
  let ingress: OpenIngress | undefined;
  let metricsServer: MetricsServer | undefined;

  const stop = async (): Promise<void> => {
    logger.info({ drainMs: config.drainMs }, 'The server is stopping');
    monitor?.stop();
    try {
      await application.stop?.();
    } catch (error) {
      logger.error({ err: error }, 'The application failed to stop');
    }
    await ingress?.close();
    moving.stop();
    await drain({ server, broadcaster, requests, readiness, drainMs: config.drainMs });
    access.sessions.close();
    limits.close();
    await Promise.all([manager.close(), metricsServer?.close()]);
    logger.info({}, 'The server has stopped');
    logger.flush();
  };

  const { url, port } = await listen(server, config);
  try {
    application.start?.();
    if (config.ingress && config.redisUrl !== null) {
      const source = { url: config.redisUrl };
      const by = config.ingressBy ?? undefined;
      const { openIngress } = await import('../ingress/open-ingress.ts');
      ingress = openIngress({ source, prefix: config.redisPrefix, manager, broker, logger, by });
    }
    metrics?.watch({
      manager,
      webSockets: broadcaster,
      sessions: access.sessions,
      brokerConnections: connections,
      ingress,
    });
    if (metrics) {
      metricsServer = await serveMetrics(metrics.registry, config);
      logger.info({}, `Metrics are shown at ${metricsServer.url}`);
    }
    if (config.monitorIntervalMs > 0) monitor = startMonitor(context, application);
  } catch (error) {
    await stop();
    throw error;
  }
  logger.info({}, `Server listening at ${url}`); // last: whoever reads it may stop the server
  let stopped: Promise<void> | undefined;
  return {
    url,
    port,
    metricsUrl: metricsServer?.url ?? null,
    manager,
    broadcaster,
    sessions: access.sessions,
    close() {
      stopped ??= stop();
      return stopped;
    },
  };
}

/** This process's name in its logs. */
function nameOf({ nodeName, worker }: ServerConfig) {
  return { node: nodeName, ...(worker !== null && { worker }) };
}

/** A topic of this process's own, so that the probes of others do not arrive here. */
function readyTopic(nodeName: string): string {
  return `_ready-${nodeName.replace(/[^A-Za-z0-9_.-]/g, '-')}-${process.pid}`;
}

/** Begins to listen. @throws EventsError INVALID_OPTION when host and port cannot be listened on */
async function listen(
  server: Server,
  { host, port }: { host: string; port: number },
): Promise<{ url: string; port: number }> {
  try {
    server.listen({ host, port });
    await once(server, 'listening');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason =
      code === 'EADDRINUSE'
        ? `Port ${port} of ${host} is in use. Stop what uses it, or set PORT to another one`
        : `Cannot listen on port ${port} of ${host} (${message}). Set HOST and PORT`;
    throw new EventsError('INVALID_OPTION', `${reason}.`, { cause: error });
  }
  const address = server.address();
  if (typeof address !== 'object' || address === null)
    throw new TypeError('The server does not listen on a port');
  return { url: `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`, port: address.port };
}

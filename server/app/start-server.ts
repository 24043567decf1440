import type { FastifyInstance } from 'fastify';
import { type Logger as PinoLogger, pino } from 'pino';
import { EventsError } from '../../shared/errors.ts';
import { EventManager } from '../event-manager/event-manager.ts';
import { integratePerformanceMonitor } from '../performance-monitor/integrate.ts';
import { PerformanceMonitor } from '../performance-monitor/performance-monitor.ts';
import { createAppRouter } from '../router/app-router.ts';
import type { ServerConfig } from './config.ts';
import { createHttpApp } from './http-app.ts';
import { openBroker } from './open-broker.ts';
import type { Producer, ProducerContext, RunningProducer } from './producer.ts';
import { Readiness } from './readiness.ts';
import { attachWebSockets } from './web-sockets.ts';

/** Where tRPC is served, over HTTP and WebSocket alike. */
const PATH = '/trpc';
/** Ms that clients have to leave by themselves when the server stops, and requests in flight to finish. */
const GRACE_MS = 1000;

export interface ServerParts {
  /** What else publishes in this process. Default: nothing. */
  producers?: readonly Producer[];
  /** Default: JSON lines on stdout, at the configured level. */
  logger?: PinoLogger;
  /** Directory of the page at `/`. Default: the built dashboard. */
  pageDir?: string;
}

export interface RunningServer {
  /** For example `http://127.0.0.1:3000`. */
  readonly url: string;
  readonly port: number;
  /**
   * Stops within seconds: producers first, then no new connections; clients are sent to connect elsewhere and resume
   * there, requests in flight finish, and the broker is closed. Idempotent.
   */
  close(): Promise<void>;
}

/**
 * Starts a server: page, tRPC over HTTP and WebSocket, health, and the monitor that publishes `system_status`.
 *
 * @example const server = await startServer(loadConfig({ port: 0 }));
 * @throws EventsError UNAVAILABLE when Redis does not answer, INVALID_OPTION when host and port cannot be listened on
 */
export async function startServer(config: ServerConfig, parts: ServerParts = {}): Promise<RunningServer> {
  const { allowedOrigins, nodeName } = config;
  const logger = parts.logger ?? pino({ level: config.logLevel, base: { node: nodeName } });
  const broker = await openBroker(config, logger);
  const manager = new EventManager({ broker, logger });
  const readiness = new Readiness({ broker, topic: readyTopic(nodeName) });
  const router = createAppRouter(manager);
  const serving = { router, path: PATH, allowedOrigins, logger };
  const app = await createHttpApp({ ...serving, readiness, pageDir: parts.pageDir });
  const webSockets = attachWebSockets(app.server, serving);
  const producers: RunningProducer[] = [];

  const stop = async (): Promise<void> => {
    for (const result of await Promise.allSettled(producers.map((producer) => producer.stop()))) {
      if (result.status === 'rejected') logger.error({ err: result.reason }, 'A producer failed to stop');
    }
    // Clients that stream over HTTP are cut, not told that the stream ended: they connect again and resume.
    const cut = setTimeout(() => app.server.closeAllConnections(), GRACE_MS);
    await Promise.all([app.close(), webSockets.stop(GRACE_MS)]);
    clearTimeout(cut);
    readiness.close();
    await manager.close();
  };

  try {
    const url = await listen(app, config);
    logger.info({ url, broker: config.redisUrl === null ? 'embedded' : 'redis' }, 'Listening');
    const context = { manager, config, logger };
    for (const start of parts.producers ?? []) producers.push(start(context));
    if (config.monitorIntervalMs > 0) producers.push(startMonitor(context, [...producers]));
    let stopped: Promise<void> | undefined;
    return {
      url: url.href.slice(0, -1),
      port: Number(url.port || 80),
      close() {
        stopped ??= stop();
        return stopped;
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function startMonitor({ manager, config, logger }: ProducerContext, agents: readonly RunningProducer[]) {
  const monitor = new PerformanceMonitor();
  const reports = integratePerformanceMonitor(monitor, {
    manager,
    logger,
    intervalMs: config.monitorIntervalMs,
    node: config.nodeName,
    activeAgents: () => agents.reduce((sum, producer) => sum + (producer.activeAgents?.() ?? 0), 0),
  });
  return {
    stop() {
      reports.stop();
      monitor.close();
    },
  };
}

async function listen(app: FastifyInstance, { host, port }: ServerConfig): Promise<URL> {
  try {
    await app.listen({ host, port });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason =
      code === 'EADDRINUSE'
        ? `Port ${port} of ${host} is in use. Stop what uses it, or set PORT to another one`
        : `Cannot listen on port ${port} of ${host} (${message}). Set HOST and PORT`;
    throw new EventsError('INVALID_OPTION', `${reason}.`, { cause: error });
  }
  return new URL(`http://${host.includes(':') ? `[${host}]` : host}:${portOf(app)}`);
}

function portOf(app: FastifyInstance): number {
  const [address] = app.addresses();
  if (typeof address !== 'object') throw new TypeError('The server does not listen on a port');
  return address.port;
}

/** A topic of this process's own, so that the probes of others do not arrive here. */
function readyTopic(nodeName: string): string {
  return `_ready-${nodeName.replace(/[^A-Za-z0-9_.-]/g, '-')}-${process.pid}`;
}

import type { AnyCatalog } from '../../shared/catalog.ts';
import { EventsError } from '../../shared/errors.ts';
import type { Broker } from '../broker/broker.ts';
import { MemoryBroker } from '../broker/memory-broker.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { integratePerformanceMonitor, type StatusPublisher } from '../performance-monitor/integrate.ts';
import { PerformanceMonitor } from '../performance-monitor/performance-monitor.ts';
import type { Logger } from '../telemetry/logger.ts';
import { openTelemetry } from '../telemetry/open-telemetry.ts';
import type { Tracing } from '../telemetry/telemetry.ts';
import type { Application, ApplicationContext } from './application.ts';
import type { ServerConfig } from './config.ts';
import { retentionOf } from './retention-config.ts';

/** A broker, and for each of its connections, where it has any, if it can be used. */
interface OpenBroker {
  readonly broker: Broker;
  readonly connections?: () => Readonly<Record<string, boolean>>;
}

/**
 * The broker a configuration asks for, ready. Only that one is loaded: Redis's client takes longer than the whole rest.
 * @throws EventsError UNAVAILABLE when Redis does not answer or the file cannot be used
 */
export async function openBroker(config: ServerConfig, logger: Logger): Promise<OpenBroker> {
  const retention = retentionOf(config);
  if (config.data !== null) {
    const { SqliteBroker } = await import('../broker/sqlite/sqlite-broker.ts');
    return { broker: await SqliteBroker.open({ ...retention, path: config.data, logger }) };
  }
  if (config.redisUrl === null) return { broker: new MemoryBroker(retention) };
  const { RedisBroker } = await import('../broker/redis/redis-broker.ts');
  const broker = new RedisBroker(
    { url: config.redisUrl },
    { ...retention, prefix: config.redisPrefix, logger },
  );
  try {
    await broker.connect();
    return { broker, connections: () => broker.connections };
  } catch (error) {
    await broker.close();
    throw error;
  }
}

/** The metrics of a server; undefined where its figures are not shown, and Prometheus's client is not loaded. */
export async function configuredMetrics({ metricsPort }: ServerConfig): Promise<Metrics | undefined> {
  if (metricsPort === null) return undefined;
  const { Metrics } = await import('../metrics/metrics.ts');
  return new Metrics();
}

/** Tracing as the configuration asks for it. @throws EventsError INVALID_OPTION where OpenTelemetry is not installed */
export async function configuredTracing(): Promise<Tracing> {
  try {
    return openTelemetry(await import('@opentelemetry/api'));
  } catch (cause) {
    throw new EventsError(
      'INVALID_OPTION',
      'TRACING needs OpenTelemetry. Run: npm install @opentelemetry/api',
      {
        cause,
      },
    );
  }
}

/** Begins to publish a server's `system_status`, unless its catalog has no such event. */
export function startMonitor<C extends AnyCatalog>(
  context: ApplicationContext<C>,
  application: Application,
): { stop(): void } | undefined {
  const { manager, config, logger } = context;
  if (!Object.hasOwn(manager.catalog.schemas, 'system_status')) return undefined;
  const monitor = new PerformanceMonitor();
  const reports = integratePerformanceMonitor(monitor, {
    // A catalog may have another event of the name: it is refused when it is published, and that is logged once.
    manager: manager as unknown as StatusPublisher,
    logger,
    intervalMs: config.monitorIntervalMs,
    topic: config.simulationTopics,
    node: config.nodeName,
    activeAgents: () => application.activeAgents?.() ?? 0,
    errorCount: () => application.errorCount?.() ?? 0,
    agents: () => application.agents?.() ?? {},
  });
  return {
    stop() {
      reports.stop();
      monitor.close();
    },
  };
}

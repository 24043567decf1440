import type { AnyCatalog } from '../../shared/catalog.ts';
import { EventsError } from '../../shared/errors.ts';
import type { Broker } from '../broker/broker.ts';
import { MemoryBroker } from '../broker/memory-broker.ts';
import { RedisBroker } from '../broker/redis/redis-broker.ts';
import { SqliteBroker } from '../broker/sqlite/sqlite-broker.ts';
import { integratePerformanceMonitor, type StatusPublisher } from '../performance-monitor/integrate.ts';
import { PerformanceMonitor } from '../performance-monitor/performance-monitor.ts';
import type { Logger } from '../telemetry/logger.ts';
import { openTelemetry } from '../telemetry/open-telemetry.ts';
import type { Tracing } from '../telemetry/telemetry.ts';
import type { Application, ApplicationContext } from './application.ts';
import type { ServerConfig } from './config.ts';
import { retentionOf } from './retention-config.ts';

/**
 * The broker a configuration asks for, ready.
 * @throws EventsError UNAVAILABLE when Redis does not answer or the file cannot be used
 */
export async function openBroker(config: ServerConfig, logger: Logger): Promise<Broker> {
  const retention = retentionOf(config);
  if (config.data !== null) return SqliteBroker.open({ ...retention, path: config.data, logger });
  if (config.redisUrl === null) return new MemoryBroker(retention);
  const broker = new RedisBroker(
    { url: config.redisUrl },
    { ...retention, prefix: config.redisPrefix, logger },
  );
  try {
    await broker.connect();
    return broker;
  } catch (error) {
    await broker.close();
    throw error;
  }
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

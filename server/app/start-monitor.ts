import type { AnyCatalog } from '../../shared/catalog.ts';
import { integratePerformanceMonitor, type StatusPublisher } from '../performance-monitor/integrate.ts';
import { PerformanceMonitor } from '../performance-monitor/performance-monitor.ts';
import type { Application, ApplicationContext } from './application.ts';

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

import type { AnyCatalog } from '../../shared/catalog.ts';
import { integratePerformanceMonitor, type StatusPublisher } from '../performance-monitor/integrate.ts';
import { PerformanceMonitor } from '../performance-monitor/performance-monitor.ts';
import type { Application, ApplicationContext } from './application.ts';

/** Begins to publish a server's `system_status`, an event that the catalog must have. */
export function startMonitor<C extends AnyCatalog>(context: ApplicationContext<C>, application: Application) {
  const { manager, config, logger } = context;
  const monitor = new PerformanceMonitor();
  const reports = integratePerformanceMonitor(monitor, {
    // A catalog with another event of its name refuses it when it is published; that is logged.
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

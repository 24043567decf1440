import { hostname } from 'node:os';
import { EventsError } from '../../shared/errors.ts';
import type { EventInput } from '../../shared/events.ts';
import { DEFAULT_TOPIC } from '../../shared/protocol.ts';
import { SystemHealthStatus } from '../../shared/psyche-events.ts';
import { requireInterval } from '../../shared/timing.ts';
import type { EventStats } from '../event-manager/stats/event-stats.ts';
import { type Logger, silentLogger } from '../telemetry/logger.ts';
import { type AgentsById, agentMetadata, agentMetrics } from './agent-figures.ts';
import type { PerformanceMonitor } from './performance-monitor.ts';

/** The part of an EventManager that is used: its catalog has `system_status`. */
export interface StatusPublisher {
  publish(
    event_type: 'system_status',
    data: EventInput<'system_status'>,
    options: { topic: string },
  ): Promise<unknown>;
  stats(): EventStats;
}

/** Options of {@link integratePerformanceMonitor}. */
export interface IntegratePerformanceMonitorOptions {
  manager: StatusPublisher;
  /** Ms between two `system_status` events; the first is published at once. Default 5000. */
  intervalMs?: number;
  /** The topic that it is published to; several get equal events. Default `default`. */
  topic?: string | readonly string[] | undefined;
  /** `metadata.node`. Default: the machine's name. */
  node?: string;
  /** Agents at work now. Default 0. */
  activeAgents?: () => number;
  /**
   * Figures of each agent, by id. Latencies go into `performance_metrics` (`agent_latency_mean_ms`, `…_max_ms`), and each
   * agent with its errors into `metadata.agents`. Their errors count only through `errorCount`. Default: none.
   */
  agents?: () => AgentsById;
  /** Errors of the application since it started. A status counts those since the status before, and the manager's own. Default 0. */
  errorCount?: () => number;
  /** Default: logs nothing. */
  logger?: Logger;
}

/**
 * Publishes a `system_status` at once, and then at intervals. A publish that fails is logged. One that takes longer than the
 * interval is waited for.
 *
 * @example
 * const reports = integratePerformanceMonitor(new PerformanceMonitor(), { manager });
 * reports.stop();
 * @throws TypeError where `intervalMs` is 0, or longer than a timer measures: 2147483647
 */
export function integratePerformanceMonitor(
  monitor: PerformanceMonitor,
  options: IntegratePerformanceMonitorOptions,
): { stop(): void } {
  const { manager, intervalMs = 5000, topic = DEFAULT_TOPIC, logger = silentLogger } = options;
  requireInterval('integratePerformanceMonitor: intervalMs', intervalMs);
  const topics = [topic].flat();
  const nextStatus = statusSource(monitor, options);
  let stopped = false;
  let publishing = false;
  /** The refusal that was logged last: a catalog that refuses one status refuses all, for ever. */
  let refusal: string | undefined;

  async function report(): Promise<void> {
    if (publishing) return;
    publishing = true;
    try {
      const status = nextStatus();
      await Promise.all(topics.map((each) => manager.publish('system_status', status, { topic: each })));
      refusal = undefined;
    } catch (error) {
      if (!stopped) failed(error);
    } finally {
      publishing = false;
    }
  }

  function failed(error: unknown): void {
    if (!isRefusal(error)) {
      logger.warn({ err: error }, 'A system_status could not be published');
      return;
    }
    if (error.message === refusal) return;
    refusal = error.message;
    logger.warn(
      { reason: error.message },
      'The catalog refused the monitor’s system_status. Turn the monitor off with MONITOR_INTERVAL_MS=0, or rename the event',
    );
  }

  void report();
  const timer = setInterval(() => void report(), intervalMs).unref();
  return {
    stop() {
      stopped = true;
      clearInterval(timer);
    },
  };
}

/** Makes the data of one `system_status` after another. */
function statusSource(
  monitor: PerformanceMonitor,
  { manager, node = hostname(), activeAgents, agents, errorCount }: IntegratePerformanceMonitorOptions,
): () => EventInput<'system_status'> {
  const newErrors = increaseOf(() => faults(manager.stats()) + (errorCount?.() ?? 0));
  return () => {
    const figures = agents?.();
    const metrics = { ...monitor.sample(), ...(figures && agentMetrics(figures)) };
    const errors = newErrors();
    return {
      health_status: health(metrics, errors),
      performance_metrics: metrics,
      active_agents: activeAgents?.() ?? 0,
      error_count: errors,
      metadata: {
        node,
        uptime: Math.round(process.uptime()),
        pid: process.pid,
        ...(figures && { agents: agentMetadata(figures) }),
      },
    };
  };
}

function isRefusal(error: unknown): error is EventsError {
  return error instanceof EventsError && (error.code === 'INVALID_EVENT' || error.code === 'UNKNOWN_EVENT');
}

/** Tells by how much a count grew since the call before. A count that was reset begins at 0 again. */
function increaseOf(count: () => number): () => number {
  let before = 0;
  return () => {
    const now = count();
    const increase = now >= before ? now - before : now;
    before = now;
    return increase;
  };
}

/** Counts the system's errors. Refused input is left out: it is the caller's fault. */
function faults({ errors: { overloaded, unavailable, listener, malformed } }: EventStats): number {
  return overloaded + unavailable + listener + malformed;
}

const PERCENT = { warning: 70, error: 90 } as const;
const ERRORS = { warning: 50, error: 100 } as const;

/** `error` above 90 % of processor or memory, or 100 errors; `warning` above 70 % or 50. */
export function health(
  metrics: { cpu_percent: number; memory_percent: number },
  errorCount: number,
): SystemHealthStatus {
  const worst = Math.max(metrics.cpu_percent, metrics.memory_percent);
  if (worst > PERCENT.error || errorCount > ERRORS.error) return SystemHealthStatus.ERROR;
  if (worst > PERCENT.warning || errorCount > ERRORS.warning) return SystemHealthStatus.WARNING;
  return SystemHealthStatus.HEALTHY;
}

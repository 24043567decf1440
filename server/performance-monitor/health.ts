import { SystemHealthStatus } from '../../shared/psyche-events.ts';

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

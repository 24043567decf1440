import { loadConfig } from '../../server/app/config.ts';
import type { ServerConfig } from '../../server/index.ts';
import { superviseWorkers, workerNumber } from './workers.ts';

/**
 * Runs a server, or several behind one port, until SIGTERM or SIGINT. The process that only watches over workers loads
 * no server. @throws EventsError when it cannot start
 */
export async function serve(env: Readonly<Record<string, string | undefined>>): Promise<void> {
  const worker = workerNumber();
  const config = loadConfig(worker === null ? {} : { worker, ...rolesOf(worker) }, env);
  if (worker === null && config.workers > 1) return superviseWorkers(config);
  const { serveHere } = await import('./serve-here.ts');
  await serveHere({ ...config, metricsPort: metricsPortOf(config) }, env);
}

/** The first worker alone does what is to happen once behind a port: the simulation, the status of the machine, and the
 * ingress stream, which keeps its order in one process. */
function rolesOf(worker: number): Partial<ServerConfig> {
  return worker === 1 ? {} : { simulation: false, monitorIntervalMs: 0, ingress: false };
}

/** Workers show their figures on ports that follow one another: figures are of one process. */
function metricsPortOf({ metricsPort, worker }: ServerConfig): number | null {
  return metricsPort === null || metricsPort === 0 ? metricsPort : metricsPort + (worker ?? 1) - 1;
}

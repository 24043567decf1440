import { loadConfig } from '../../server/app/config.ts';
import type { RunningServer, ServerConfig } from '../../server/index.ts';
import { fail } from '../ending.ts';
import { onStopSignal } from '../stop-signal.ts';
import { superviseWorkers, workerNumber } from './workers.ts';

/** Ms beyond those for clients to move after which a stop that hangs is given up. */
const STOP_MS = 5000;
/** Ms after that in which the reader of the output may take what was printed. */
const READ_MS = 1000;

/**
 * Runs a server, or several behind one port, until SIGTERM or SIGINT. The process that only watches over workers loads
 * no server. @throws EventsError when it cannot start
 */
export async function serve(env: Readonly<Record<string, string | undefined>>): Promise<void> {
  const worker = workerNumber();
  const config = loadConfig(worker === null ? {} : { worker, ...rolesOf(worker) }, env);
  if (worker === null && config.workers > 1) return superviseWorkers(config);
  let server: RunningServer | undefined;
  // Before the server is loaded, which takes most of a start: the first process of a container gets no signal that it has no handler for.
  onStopSignal(() => {
    if (server) stop(server, config.drainMs);
    else process.exit(0); // nobody is served yet
  });
  const { serveHere } = await import('./serve-here.ts');
  server = await serveHere({ ...config, metricsPort: metricsPortOf(config) }, env);
}

/** Stops a server, and ends the process. */
function stop(server: RunningServer, drainMs: number): void {
  const stopMs = drainMs + STOP_MS;
  setTimeout(() => fail(new Error(`The server did not stop within ${stopMs} ms`)), stopMs);
  setTimeout(() => process.exit(1), stopMs + READ_MS);
  server.close().then(() => process.exit(0), fail);
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

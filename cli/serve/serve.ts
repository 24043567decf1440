import {
  JsonLogger,
  loadConfig,
  nearMisses,
  type RunningServer,
  SERVER_VARIABLES,
  type ServerConfig,
  startServer,
} from '../../server/index.ts';
import { RESPONDER_VARIABLES } from '../../simulation/index.ts';
import { fail } from '../ending.ts';
import { onStopSignal } from '../stop-signal.ts';
import { catalog, createApplication } from './application.ts';
import { superviseWorkers, workerNumber } from './workers.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** Variables of other commands, and of the process that starts workers. */
const OTHERS = ['PSYCHE_TOKEN', 'PSYCHE_WORKER'];
/** Ms beyond those for clients to move after which a stop that hangs is given up. */
const STOP_MS = 5000;
/** Ms after that in which the reader of the output may take what was printed. */
const READ_MS = 1000;

/** Runs a server, or several behind one port, until SIGTERM or SIGINT. @throws EventsError when it cannot start */
export async function serve(env: Env): Promise<void> {
  const worker = workerNumber();
  const config = loadConfig(worker === null ? {} : { worker, ...rolesOf(worker) }, env);
  if (worker === null) warnOfNearMisses(config, env);
  if (worker === null && config.workers > 1) await superviseWorkers(config);
  else await serveHere({ ...config, metricsPort: metricsPortOf(config) }, env);
}

/** A variable with a slip in its name is not read, and what it was to say is not heeded: a log, a lock. */
function warnOfNearMisses({ logLevel, nodeName }: ServerConfig, env: Env): void {
  const logger = new JsonLogger(logLevel, { node: nodeName });
  for (const { name, meant } of nearMisses(env, [...SERVER_VARIABLES, ...RESPONDER_VARIABLES, ...OTHERS]))
    logger.warn(
      { variable: name, meant },
      `${name} is not a variable of this server. Did you mean ${meant}?`,
    );
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

async function serveHere(config: ServerConfig, env: Env): Promise<void> {
  let server: RunningServer | undefined;
  onStopSignal(() => {
    if (!server) process.exit(0); // nobody is served yet
    const stopMs = config.drainMs + STOP_MS;
    setTimeout(() => fail(new Error(`The server did not stop within ${stopMs} ms`)), stopMs);
    setTimeout(() => process.exit(1), stopMs + READ_MS);
    server.close().then(() => process.exit(0), fail);
  });
  server = await startServer(config, { catalog, application: await createApplication(env) });
}

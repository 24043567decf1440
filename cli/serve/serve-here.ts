import { SERVER_VARIABLES } from '../../server/app/config.ts';
import { nearMisses } from '../../server/app/near-misses.ts';
import { startServer } from '../../server/app/start-server.ts';
import type { RunningServer, ServerConfig } from '../../server/index.ts';
import { JsonLogger } from '../../server/telemetry/logger.ts';
import { RESPONDER_VARIABLES } from '../../simulation/serving.ts';
import { fail } from '../ending.ts';
import { onStopSignal } from '../stop-signal.ts';
import { catalog, createApplication } from './application.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** Variables of other commands, and of the process that starts workers. */
const OTHERS = ['PSYCHE_TOKEN', 'PSYCHE_WORKER'];
/** Ms beyond those for clients to move after which a stop that hangs is given up. */
const STOP_MS = 5000;
/** Ms after that in which the reader of the output may take what was printed. */
const READ_MS = 1000;

/** Runs a server in this process until SIGTERM or SIGINT. @throws EventsError when it cannot start */
export async function serveHere(config: ServerConfig, env: Env): Promise<void> {
  if ((config.worker ?? 1) === 1) warnOfNearMisses(config, env);
  let server: RunningServer | undefined;
  onStopSignal(() => {
    if (!server) process.exit(0); // nobody is served yet
    const stopMs = config.drainMs + STOP_MS;
    setTimeout(() => fail(new Error(`The server did not stop within ${stopMs} ms`)), stopMs);
    setTimeout(() => process.exit(1), stopMs + READ_MS);
    server.close().then(() => process.exit(0), fail);
  });
  const application = await createApplication(env, config.simulation);
  server = await startServer(config, { catalog, application });
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

import { SERVER_VARIABLES } from '../../server/app/config.ts';
import { nearMisses } from '../../server/app/near-misses.ts';
import { startServer } from '../../server/app/start-server.ts';
import type { RunningServer, ServerConfig } from '../../server/index.ts';
import { JsonLogger } from '../../server/telemetry/logger.ts';
import { RESPONDER_VARIABLES } from '../../simulation/serving.ts';
import { catalog, createApplication } from './application.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** Variables of other commands, and of the process that starts workers. */
const OTHERS = ['PSYCHE_TOKEN', 'PSYCHE_WORKER'];

/** Starts a server in this process. @throws EventsError when it cannot start */
export async function serveHere(config: ServerConfig, env: Env): Promise<RunningServer> {
  if ((config.worker ?? 1) === 1) warnOfNearMisses(config, env);
  const application = await createApplication(env, config.simulation);
  return startServer(config, { catalog, application });
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

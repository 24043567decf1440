import { loadConfig, startServer } from '../server/index.ts';
import { catalog, createApplication } from './application.ts';
import { fail } from './fail.ts';

/** Ms after which a stop that hangs is given up. */
const STOP_MS = 5000;
/** Ms within which a second signal is taken for the first one: npm passes on the Ctrl-C that the terminal sends us too. */
const ECHO_MS = 500;

/** Runs a server until SIGTERM or SIGINT; a second signal ends it at once. @throws EventsError when it cannot start */
export async function serve(env: Readonly<Record<string, string | undefined>>): Promise<void> {
  const config = loadConfig({}, env);
  const server = await startServer(config, { catalog, application: await createApplication(env) });
  let stoppingSince: number | undefined;
  const stop = (): void => {
    if (stoppingSince !== undefined) {
      if (performance.now() - stoppingSince > ECHO_MS) process.exit(1);
      return;
    }
    stoppingSince = performance.now();
    setTimeout(() => fail(new Error(`The server did not stop within ${STOP_MS} ms`)), STOP_MS);
    server.close().then(() => process.exit(0), fail);
  };
  process.on('SIGTERM', stop).on('SIGINT', stop);
}

import {
  createAppRouter,
  EventManager,
  loadConfig,
  RedisBroker,
  type ServerOptions,
  startServer,
} from '../../../server/index.ts';
import { openCatalog as catalog } from '../../open/catalog.ts';
import { neverSweeps, settlesInTwoSteps } from './unprotected.ts';

/** A node with a catalog of open events, in a process of its own. Its argument is a `NodeProcessOptions` as JSON. */
export interface NodeProcessOptions extends Pick<ServerOptions, 'drainMs'> {
  redisUrl: string;
  /** A protection that it lacks, for a control. Default: it has all. */
  without?: 'sweep' | 'atomicity' | undefined;
}

const { without, ...options } = JSON.parse(process.argv[2] ?? '') as NodeProcessOptions;
const config = loadConfig({ port: 0, simulation: false, logLevel: 'silent', ...options }, {});
const server = await (without === undefined
  ? startServer(config, { catalog })
  : startServer(config, {
      application() {
        const broker = new RedisBroker({ url: options.redisUrl });
        const unprotected = without === 'sweep' ? neverSweeps(broker) : settlesInTwoSteps(broker);
        return { router: createAppRouter(new EventManager({ catalog, broker: unprotected })) };
      },
    }));

process.once('SIGTERM', () => void server.close().then(() => process.exit(0)));
process.on('disconnect', () => process.exit()); // its test is over, however it ended
process.send?.(server.port);

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createPublisher, type Publisher } from '../../client/index.ts';
import {
  createAppRouter,
  type EventManager,
  loadConfig,
  MemoryBroker,
  type RunningServer,
  type ServerOptions,
  startServer,
} from '../../server/index.ts';
import {
  runSimulation,
  type Simulation,
  type SimulationCatalog,
  SimulationRegistry,
  simulationEvents,
  simulationProcedures,
} from '../../simulation/index.ts';

export const BUILT = join(import.meta.dirname, '../../dist/dashboard');

export interface PageServerOptions extends ServerOptions {
  /** Runs a simulation at this speed. Default: none runs. */
  speed?: number;
  /** Default: the built page. */
  pageDir?: string;
}

export interface PageServer extends RunningServer, AsyncDisposable {
  readonly simulation: Simulation | null;
  /** Events of the server's own process. */
  readonly events: EventManager<SimulationCatalog>;
}

/** A server with the page, the simulation's events and its controls, as `npm start` has them. */
export async function startPageServer(
  { speed, pageDir = BUILT, ...options }: PageServerOptions = {},
  env: Readonly<Record<string, string>> = {},
): Promise<PageServer> {
  if (!existsSync(join(pageDir, 'index.html')))
    throw new Error('The page is not built. Run: npm run build:page');
  let simulation: Simulation | null = null;
  let events: EventManager<SimulationCatalog> | undefined;
  const config = loadConfig({ port: 0, simulation: false, logLevel: 'silent', ...options }, env);
  const server = await startServer(config, {
    catalog: simulationEvents,
    pageDir,
    application({ manager, broker }) {
      events = manager;
      const registry = new SimulationRegistry();
      return {
        router: createAppRouter(manager, (procedure) => ({
          simulation: simulationProcedures(registry, procedure, {
            loseLog: broker instanceof MemoryBroker ? (topic) => broker.lose(topic) : undefined,
          }),
        })),
        start() {
          if (speed !== undefined) simulation = runSimulation({ manager, registry, speed });
        },
        stop: () => simulation?.close(),
      };
    },
  });
  if (!events) throw new Error('The server has no events.');
  return {
    ...server,
    events,
    get simulation() {
      return simulation;
    },
    [Symbol.asyncDispose]: () => server.close(),
  };
}

/** Somebody else who publishes to the server. */
export function publishTo(url: string, token?: string): Publisher<SimulationCatalog> & AsyncDisposable {
  const publisher = createPublisher<SimulationCatalog>({ url, token });
  return Object.assign(publisher, { [Symbol.asyncDispose]: () => publisher.close() });
}

import { isLoopback } from '../../server/access/names/host-address.ts';
import { MemoryBroker } from '../../server/broker/memory-broker.ts';
import type {
  AgentsById,
  Application,
  ApplicationContext,
  Broker,
  ServerConfig,
} from '../../server/index.ts';
import { createAppRouter } from '../../server/router/app-router.ts';
import { DEFAULT_TOPIC } from '../../shared/index.ts';
import type { RunSimulationOptions, Simulation } from '../../simulation/index.ts';
import { SimulationRegistry, simulationEvents, simulationProcedures } from '../../simulation/serving.ts';

/** The events that `serve` serves, and that the other commands find in Redis. */
export const catalog = simulationEvents;

type Env = Readonly<Record<string, string | undefined>>;

/**
 * The application of `serve`: the events, the controls of simulations, and those that it runs itself.
 * @param isRunning false where it runs none: then the simulation is not loaded
 * @throws EventsError INVALID_OPTION when the environment names a language model that cannot be used
 */
export async function createApplication(
  env: Env,
  isRunning: boolean,
): Promise<(context: ApplicationContext<typeof catalog>) => Application> {
  const run = isRunning ? await simulationRunner(env) : undefined;
  return ({ manager, broker, config, logger }) => {
    // A shared log means shared controls, so that a viewer may be connected to any node or worker.
    const registry = new SimulationRegistry({ broker: config.redisUrl === null ? undefined : broker });
    const router = createAppRouter(manager, (procedure) => ({
      simulation: simulationProcedures(registry, procedure, { loseLog: loserOf(broker, config) }),
    }));
    if (!run) return { router, stop: () => registry.close() };
    let simulations: Simulation[] = [];
    const sum = (of: (simulation: Simulation) => number): number =>
      simulations.reduce((total, simulation) => total + of(simulation), 0);
    return {
      router,
      start() {
        // Each a conversation of its own: with one seed they would all say the same.
        simulations = config.simulationTopics.map((topic, index) =>
          run({ manager, topic, seed: 1 + index, registry, logger }),
        );
      },
      async stop() {
        registry.close();
        await Promise.all(simulations.map((simulation) => simulation.close()));
      },
      activeAgents: () => sum(({ activeAgents }) => activeAgents),
      errorCount: () => sum(({ errorCount }) => errorCount),
      agents: () =>
        Object.fromEntries(simulations.flatMap((simulation) => Object.entries(agentsOf(simulation)))),
    };
  };
}

/** Loads the simulation, whose lexicon of feelings takes a while. @throws EventsError INVALID_OPTION */
async function simulationRunner(env: Env): Promise<(options: RunSimulationOptions) => Simulation> {
  const { responderFromEnv, runSimulation } = await import('../../simulation/index.ts');
  const responder = await responderFromEnv(env);
  return (options) => runSimulation({ ...options, responder });
}

/** Loses a topic's log: where it is in memory alone, on a server that this machine alone reaches. A proxy lets others reach it. */
function loserOf(broker: Broker, config: ServerConfig): ((topic: string) => void) | undefined {
  const { host, trustProxy, allowedHosts, basePath } = config;
  const isBehindProxy = trustProxy.length + allowedHosts.length + basePath.length > 0;
  return broker instanceof MemoryBroker && isLoopback(host) && !isBehindProxy
    ? (topic) => broker.lose(topic)
    : undefined;
}

/** Agents by id; those of other topics than the default one have the topic before it. */
function agentsOf({ topic, agents }: Simulation): AgentsById {
  if (topic === DEFAULT_TOPIC) return agents;
  return Object.fromEntries(Object.entries(agents).map(([id, agent]) => [`${topic}/${id}`, agent]));
}

import { type Application, type ApplicationContext, createAppRouter } from '../server/index.ts';
import {
  responderFromEnv,
  runSimulation,
  type Simulation,
  SimulationRegistry,
  simulationEvents,
  simulationProcedures,
} from '../simulation/index.ts';

/** The events that `serve` serves, and that the other commands find in Redis. */
export const catalog = simulationEvents;

/**
 * What `serve` serves: the events, and the simulation with its controls unless `config.simulation` is off.
 * @throws EventsError INVALID_OPTION when the environment names a language model that cannot be used
 */
export async function createApplication(
  env: Readonly<Record<string, string | undefined>>,
): Promise<(context: ApplicationContext<typeof catalog>) => Application> {
  const responder = await responderFromEnv(env);
  return ({ manager, config, logger }) => {
    const registry = new SimulationRegistry();
    const router = createAppRouter(manager, (procedure) => ({
      simulation: simulationProcedures(registry, procedure),
    }));
    if (!config.simulation) return { router };
    let simulation: Simulation | undefined;
    return {
      router,
      start() {
        simulation = runSimulation({ manager, responder, registry, logger });
      },
      async stop() {
        await simulation?.close();
      },
      activeAgents: () => simulation?.activeAgents ?? 0,
      errorCount: () => simulation?.errorCount ?? 0,
    };
  };
}

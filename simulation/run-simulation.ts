import type { SimulationRegistry } from './control/simulation-registry.ts';
import { Simulation, type SimulationOptions } from './simulation.ts';

/** Options of {@link runSimulation}. */
export interface RunSimulationOptions extends SimulationOptions {
  /** Ends it when aborted. Default: it runs until it is closed. */
  signal?: AbortSignal | undefined;
  /** The registry in which the router finds it, for as long as it runs. Default: none. */
  registry?: SimulationRegistry | undefined;
}

/**
 * Starts a simulation. It runs on by itself and never throws: answers that do not come, and events that are not
 * published, are counted (`errorCount`) and logged.
 *
 * @example
 * const simulation = runSimulation({ manager, seed: 7, responder: await responderFromEnv(process.env) });
 *
 * @throws TypeError at once, for a seed or speed that is not possible, or a topic that has a simulation
 */
export function runSimulation({ signal, registry, ...options }: RunSimulationOptions): Simulation {
  const simulation = new Simulation(options);
  registry?.add(simulation);
  simulation.start();
  void simulation.closed.then(() => registry?.remove(simulation));
  const end = (): void => void simulation.close();
  if (signal?.aborted) end();
  else signal?.addEventListener('abort', end, { once: true });
  return simulation;
}

import { DEFAULT_TOPIC, EventsError } from '../shared/index.ts';
import type { SimulationState } from './catalog.ts';
import type { Simulation } from './simulation.ts';

/** The simulations of a process, one per topic. */
export class SimulationRegistry {
  readonly #simulations = new Map<string, Simulation>();

  /** @throws TypeError when its topic has one already */
  add(simulation: Simulation): void {
    const { topic } = simulation;
    if (this.#simulations.has(topic)) {
      throw new TypeError(
        `SimulationRegistry: topic ${topic} has a simulation. Close it and remove it first.`,
      );
    }
    this.#simulations.set(topic, simulation);
  }

  /** Takes it off the list, without closing it. False if it was not on it. */
  remove(simulation: Simulation): boolean {
    const { topic } = simulation;
    return this.#simulations.get(topic) === simulation && this.#simulations.delete(topic);
  }

  /** @param topic default `default`. @throws EventsError INVALID_TOPIC when no simulation runs there */
  get(topic: string = DEFAULT_TOPIC): Simulation {
    const simulation = this.#simulations.get(topic);
    if (simulation) return simulation;
    const topics = [...this.#simulations.keys()];
    const hint = topics.length > 0 ? `There is one on: ${topics.join(', ')}.` : 'This process runs none.';
    throw new EventsError('INVALID_TOPIC', `No simulation runs on topic ${topic}. ${hint}`);
  }

  /** All of them, in the order they were added. */
  list(): ({ topic: string } & SimulationState)[] {
    return Array.from(this.#simulations.values(), (simulation) => ({
      topic: simulation.topic,
      ...simulation.state,
    }));
  }
}

import type { Broker } from '../../server/index.ts';
import { DEFAULT_TOPIC, EventsError } from '../../shared/index.ts';
import type { SimulationState } from '../catalog.ts';
import type { Simulation } from '../simulation.ts';
import { type Command, perform } from './command.ts';
import { RemoteControl } from './remote-control.ts';

/** Options of a {@link SimulationRegistry}. */
export interface SimulationRegistryOptions {
  /** The broker that the processes share: each of them can then control the simulations of all. Default: only its own. */
  broker?: Broker | undefined;
}

/** The simulations of a process, one per topic, and the way to those of others. */
export class SimulationRegistry {
  readonly #simulations = new Map<string, Simulation>();
  readonly #others: RemoteControl | undefined;

  constructor({ broker }: SimulationRegistryOptions = {}) {
    const host = {
      topics: () => [...this.#simulations.keys()],
      perform: (topic: string, command: Command) => perform(this.get(topic), command),
    };
    this.#others = broker && new RemoteControl(broker, host);
  }

  /** @throws TypeError when its topic has one already */
  add(simulation: Simulation): void {
    const { topic } = simulation;
    if (this.#simulations.has(topic)) {
      throw new TypeError(
        `SimulationRegistry: topic ${topic} has a simulation. Close it and remove it first.`,
      );
    }
    this.#simulations.set(topic, simulation);
    this.#others?.open().catch(() => {}); // the broker was closed
  }

  /** Takes it off the list, without closing it. False if it was not on it. */
  remove(simulation: Simulation): boolean {
    const { topic } = simulation;
    return this.#simulations.get(topic) === simulation && this.#simulations.delete(topic);
  }

  /** One of this process. @param topic default `default`. @throws EventsError INVALID_TOPIC when no simulation runs there */
  get(topic: string = DEFAULT_TOPIC): Simulation {
    const simulation = this.#simulations.get(topic);
    if (simulation) return simulation;
    const topics = [...this.#simulations.keys()];
    const hint = topics.length > 0 ? `There is one on: ${topics.join(', ')}.` : 'This process runs none.';
    throw new EventsError('INVALID_TOPIC', `No simulation runs on topic ${topic}. ${hint}`);
  }

  /** All of this process, in the order they were added. */
  list(): ({ topic: string } & SimulationState)[] {
    return Array.from(this.#simulations.values(), (simulation) => ({
      topic: simulation.topic,
      ...simulation.state,
    }));
  }

  /** Lists the simulations of this process, and of all that share its broker. @throws EventsError UNAVAILABLE */
  async listAll(): Promise<({ topic: string } & SimulationState)[]> {
    const others = await this.#others?.list();
    return [...this.list(), ...(others ?? []).filter(({ topic }) => !this.#simulations.has(topic))];
  }

  /**
   * Tells a simulation something, wherever it runs. Answers the state that it led to.
   * @throws EventsError INVALID_TOPIC when no simulation runs there; UNAVAILABLE when another process has it and fails
   */
  async perform(command: Command, topic: string = DEFAULT_TOPIC): Promise<SimulationState> {
    const elsewhere = this.#simulations.has(topic) ? undefined : await this.#others?.perform(topic, command);
    return elsewhere ?? perform(this.get(topic), command);
  }

  /** Does not listen to other processes any more. */
  close(): void {
    this.#others?.close();
  }
}

import { EventManager } from '../../../server/index.ts';
import { Wild } from '../../event-manager/open/wild-broker.ts';
import { catalog, type Events } from '../../event-manager/open/world.ts';
import { FakeClock } from '../../simulation/fake-clock.ts';
import type { Backend } from '../logs/backend.ts';

const NODES = 3;

export type OpenNode = EventManager<Events>;

/** The nodes of one log, each with faults of its own on the way from the log. The clock of all goes when it is told to. */
export class OpenNodes {
  readonly clock = new FakeClock();
  readonly #backend: Backend;
  #nodes: { manager: OpenNode; wild: Wild }[] = [];

  constructor(backend: Backend) {
    this.#backend = backend;
    this.start();
  }

  /** A node, by its number modulo how many there are. */
  at(index: number): OpenNode {
    return this.#at(index).manager;
  }

  wild(index: number): Wild {
    return this.#at(index).wild;
  }

  /** All that was held comes, and nothing is lost from here on. */
  heal(index: number): void {
    const wild = this.wild(index);
    wild.loses = false;
    wild.flow();
  }

  healAll(): void {
    for (const index of this.#nodes.keys()) this.heal(index);
  }

  start(): void {
    this.#nodes = Array.from({ length: NODES }, () => this.#startNode());
  }

  async stop(): Promise<void> {
    await Promise.all(this.#nodes.map(({ manager }) => manager.close()));
  }

  /** A process dies, and another takes its place. */
  async restart(index: number): Promise<void> {
    const dead = this.at(index).close();
    this.#nodes[index % NODES] = this.#startNode();
    await dead;
  }

  #at(index: number) {
    const node = this.#nodes[index % NODES];
    if (!node) throw new Error('no such node');
    return node;
  }

  #startNode() {
    const wild = new Wild();
    const broker = wild.around(this.#backend.broker());
    return { wild, manager: new EventManager({ broker, catalog, clock: this.clock, lingerMs: 1 }) };
  }
}

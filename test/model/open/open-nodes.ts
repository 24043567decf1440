import { EventManager } from '../../../server/index.ts';
import { Wild } from '../../event-manager/open/wild-broker.ts';
import { catalog, type Events } from '../../event-manager/open/world.ts';
import { FakeClock } from '../../simulation/fake-clock.ts';
import type { Backend } from '../logs/backend.ts';

const NODES = 3;

export type OpenNode = EventManager<Events>;

/** Turns of the event loop that sets, and what has lapsed, take on their way from the log. */
const READ_TURNS = 8;

interface Node {
  readonly manager: OpenNode;
  readonly wild: Wild;
  /** It goes when it is told to. */
  readonly clock: FakeClock;
}

/** The nodes of one log, each with faults of its own on the way from the log. */
export class OpenNodes {
  readonly #backend: Backend;
  #nodes: Node[] = [];

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
    wild.loses = 0;
    wild.flow();
  }

  healAll(): void {
    for (const index of this.#nodes.keys()) this.heal(index);
  }

  /** Time goes on at all nodes at once. */
  async tick(ms: number): Promise<void> {
    await Promise.all(this.#nodes.map(({ clock }) => clock.advance(ms)));
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

  #at(index: number): Node {
    const node = this.#nodes[index % NODES];
    if (!node) throw new Error('no such node');
    return node;
  }

  #startNode(): Node {
    const clock = new FakeClock();
    const wild = new Wild();
    wild.readTurns = READ_TURNS;
    const broker = wild.around(this.#backend.broker());
    return { wild, clock, manager: new EventManager({ broker, catalog, clock, lingerMs: 1 }) };
  }
}

import { EventManager } from '../../../server/index.ts';
import type { Clock } from '../../../shared/index.ts';
import { type ModelNode, modelCatalog } from '../events/catalog.ts';
import type { Backend } from '../logs/backend.ts';

const NODES = 2;

/** A version at which a node's publishers are held; 3 is the newest. */
export type Held = 1 | 2 | 3;

/** A clock whose times are all short: nodes wait for a newer version, and then they wait no longer. */
const impatient: Clock = {
  now: () => performance.now(),
  setTimer(callback) {
    const timer = setTimeout(callback, 1);
    return () => clearTimeout(timer);
  },
};

/** The nodes of one log. At first the publishers of one are held at version 1, and those of the other are not. */
export class Nodes {
  readonly #backend: Backend;
  readonly #held: Held[] = [1, 3];
  #nodes: ModelNode[] = [];
  /** The last wait of each node for a newer version. */
  readonly #waits: (AbortSignal | undefined)[] = [];

  constructor(backend: Backend) {
    this.#backend = backend;
    this.start();
  }

  /** A node, by its number modulo how many there are. */
  at(index: number): ModelNode {
    const node = this.#nodes[index % NODES];
    if (!node) throw new Error('no such node');
    return node;
  }

  /** Tells if a node waits at an event of a version that it does not know. */
  isWaiting(index: number): boolean {
    return this.#waits[index % NODES]?.aborted === false;
  }

  start(): void {
    this.#nodes = this.#held.map((held, index) => this.#startNode(index, held));
  }

  async stop(): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node.close()));
  }

  /** Another process takes a node's place. */
  async restart(index: number, held: Held): Promise<void> {
    await this.at(index).close();
    this.#held[index % NODES] = held;
    this.#nodes[index % NODES] = this.#startNode(index % NODES, held);
  }

  #startNode(index: number, held: Held): ModelNode {
    this.#waits[index] = undefined;
    return new EventManager({
      broker: this.#backend.broker(),
      catalog: modelCatalog,
      publishAs: { agent_message: held },
      clock: impatient,
      onNewerVersion: ({ over }) => {
        this.#waits[index] = over;
      },
      lingerMs: 1,
    });
  }
}

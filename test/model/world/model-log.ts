import type { Bounds, Broker } from '../../../server/broker/broker.ts';
import { foreignEntry } from '../events/foreign.ts';
import { isStatus, wantedOf } from '../events/wanted.ts';
import { type Backend, TOPIC } from '../logs/backend.ts';
import { NOTICES, type ReferenceLog } from '../reference/reference-log.ts';
import type { Command } from './commands.ts';
import type { Nodes } from './nodes.ts';

/** The log of a world: things that happen to it, and to the reference. No publish may be under way. */
export class ModelLog {
  readonly #backend: Backend;
  readonly #nodes: Nodes;
  readonly #reference: ReferenceLog;

  constructor(backend: Backend, nodes: Nodes, reference: ReferenceLog) {
    this.#backend = backend;
    this.#nodes = nodes;
    this.#reference = reference;
  }

  bounds(): Promise<Bounds> {
    return this.#atBroker((broker) => broker.bounds(TOPIC));
  }

  /** All nodes end, and others begin. */
  async restart(): Promise<void> {
    await this.#nodes.stop();
    await this.#backend.restart();
    this.#nodes.start();
  }

  /** Another process publishes, and nodes take what they can read. */
  async intrude(numbers: readonly number[], { who }: Command & { do: 'intrude' }): Promise<void> {
    const events = numbers.map((n) => foreignEntry(who, n));
    const entries = events.map(({ entry }) => entry);
    const results = await this.#atBroker((broker) => broker.publish(TOPIC, entries));
    for (const [index, { n, unreadable }] of events.entries()) {
      const result = results[index];
      if (!result) throw new Error('[D2] a publish without an answer');
      this.#reference.answered(n, null, result, unreadable);
    }
  }

  /** Another log is there instead, which a process of before all versions left. */
  async inherit(numbers: readonly number[], { who, key }: Command & { do: 'inherit' }): Promise<void> {
    const events = numbers.map((n, index) => {
      const idempotencyKey = key !== null && index === 0 ? `key-${key}` : null;
      return { key: idempotencyKey, ...foreignEntry(who, n, idempotencyKey ?? undefined) };
    });
    await this.#onLog(() => this.#backend.inherit(events.map(({ entry }) => entry)));
    const { epoch } = await this.bounds();
    this.#reference.inherited(epoch, events);
  }

  /** Erases one record, or all that a filter matches. @param pass has the node go on past events that it waits at */
  async erase({ node, at, filter }: Command & { do: 'erase' }, pass: () => Promise<void>): Promise<void> {
    const { epoch, first } = this.#reference;
    if (epoch === null) return;
    const seq = Math.max(first, this.#reference.last(epoch) - at);
    const n = this.#reference.at({ epoch, seq }) ?? 0;
    if (!filter && n < 0) return; // a notice is no event
    const sad = wantedOf(3);
    // A filter finds what can be read, and a cursor anything.
    const found = filter
      ? this.#reference.readable(sad.matches)
      : this.#reference.latest(() => true, Number.POSITIVE_INFINITY).filter((each) => each.seq === seq);
    const cursors = found.map((each) => `${epoch}:${each.seq}`);
    const { types, filter: conditions = {} } = sad.options;
    const erase = () =>
      this.#nodes.at(node).erase(filter ? { types, filter: conditions } : { cursor: `${epoch}:${seq}` });
    const { erased } = await erase().catch(async (error: unknown) => {
      if (!filter || !this.#reference.hasNewer) throw error;
      await pass();
      return erase();
    });
    if (erased !== cursors.length) throw new Error(`[V7] ${erased} erased instead of ${cursors.join()}`);
    const { last } = await this.bounds();
    const type = filter || !isStatus(n) ? 'agent_message' : 'system_status';
    this.#reference.erased(cursors, NOTICES[type], last);
  }

  async lose(): Promise<void> {
    await this.#onLog(() => this.#backend.lose());
    this.#reference.lost();
  }

  async replicate(): Promise<void> {
    const { replica } = this.#backend;
    if (!replica) return;
    await this.#onLog(() => replica.copy());
    this.#reference.replicated();
  }

  /** Earlier subscribers know what the log had, and are asked before anybody writes. */
  async failOver(): Promise<void> {
    const { replica } = this.#backend;
    if (!replica || !this.#reference.hasReplica) return;
    const look = () => this.#nodes.at(0).history({ limit: 1 });
    await look();
    await this.#onLog(() => replica.promote());
    await look();
    const { epoch, last } = await this.bounds();
    this.#reference.failedOver(epoch, last);
  }

  /** Does something to the log: under the nodes, or between two runs of theirs. */
  async #onLog(change: () => Promise<void>): Promise<void> {
    if (this.#backend.losesInPlace) {
      await change();
    } else {
      await this.#nodes.stop();
      await change();
      this.#nodes.start();
    }
  }

  /** Asks the log itself. */
  async #atBroker<T>(ask: (broker: Broker) => Promise<T>): Promise<T> {
    const broker = this.#backend.broker();
    try {
      return await ask(broker);
    } finally {
      await broker.close();
    }
  }
}

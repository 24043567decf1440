import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { EventManager } from '../../server/index.ts';
import { parseCursor } from '../../shared/cursor.ts';
import { type Backend, TOPIC } from './backends.ts';
import { checkHistory } from './check-history.ts';
import type { Command } from './commands.ts';
import { ModelClient } from './model-client.ts';
import { NOTICES, ReferenceLog } from './reference.ts';
import { eventOf, wantedOf } from './wanted.ts';

const NODES = 2;
const DONE_MS = 5000;

/** Runs commands on two nodes of one log and on the reference, and holds the one against the other. */
export async function runWorld(backend: Backend, commands: readonly Command[]): Promise<void> {
  const world = new World(backend);
  try {
    for (const command of commands) await world.run(command);
    await world.finish();
  } finally {
    await world.close();
  }
}

class World {
  readonly #backend: Backend;
  readonly #reference: ReferenceLog;
  readonly #clients: ModelClient[] = [];
  #nodes: EventManager[] = [];
  #pending: Promise<void>[] = [];
  #next = 1;

  constructor(backend: Backend) {
    this.#backend = backend;
    this.#reference = new ReferenceLog(backend.kept);
    this.#startNodes();
  }

  async run(command: Command): Promise<void> {
    switch (command.do) {
      case 'publish':
        return this.#publish(command);
      case 'subscribe':
        return this.#subscribe(command);
      case 'pause':
        return this.#client(command.who)?.pause();
      case 'resume':
        return this.#client(command.who)?.resume();
      case 'drop':
        return this.#client(command.who)?.leave();
      case 'return':
        return this.#client(command.who)?.join(this.#node(command.node));
      case 'restart':
        await this.#settle();
        await this.#node(command.node).close();
        this.#nodes[command.node] = this.#startNode();
        return;
      case 'restartAll':
        await this.#stopNodes();
        await this.#backend.restart();
        return this.#startNodes();
      case 'lose':
        return this.#lose();
      case 'replicate':
        return this.#replicate();
      case 'failOver':
        return this.#failOver();
      case 'erase':
        return this.#erase(command);
      case 'history':
        return this.#history(command);
      case 'turns':
        for (let i = 0; i < command.count; i++) await turn();
    }
  }

  /** Everybody comes back, reads all there is, and has got what the reference says. */
  async finish(): Promise<void> {
    await this.#settle();
    for (const [index, client] of this.#clients.entries()) {
      client.resume(Number.POSITIVE_INFINITY);
      client.join(this.#node(index % NODES));
    }
    const broker = this.#backend.broker();
    const deadline = performance.now() + DONE_MS;
    try {
      const { epoch } = await broker.bounds(TOPIC);
      for (let turns = 0; ; turns++) {
        const behind = this.#clients.filter((client) => !client.isDone(this.#reference, epoch));
        if (behind.length === 0) return;
        if (performance.now() > deadline) {
          throw new Error(
            `[D4] in ${epoch}, up to ${this.#reference.last(epoch)}, some wait for ever:\n${behind.map((client) => client.describe()).join('\n')}`,
          );
        }
        await (turns < 50 ? turn() : sleep(2));
      }
    } finally {
      await broker.close();
    }
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#pending);
    for (const client of this.#clients) client.leave();
    await Promise.all(this.#nodes.map((node) => node.close()));
  }

  async #publish({ node, count, key, batch, wait }: Command & { do: 'publish' }): Promise<void> {
    // One of several events has the key; the others are new.
    const events = Array.from({ length: count }, (_, index) => {
      const idempotencyKey = key !== null && index === 0 ? `key-${key}` : null;
      return { n: this.#next++, idempotencyKey };
    });
    const inputs = events.map(({ n, idempotencyKey }) => ({
      ...eventOf(n),
      ...(idempotencyKey !== null && { idempotencyKey }),
    }));
    const manager = this.#node(node);
    // One with a key must not overtake another with the same.
    if (key !== null) await this.#settle();
    const results = batch
      ? manager.publishBatch(inputs)
      : Promise.all(inputs.map(async (input) => (await manager.publishBatch([input]))[0]));
    const answered = results.then((answers) => {
      let before = 0;
      for (const [index, { n, idempotencyKey }] of events.entries()) {
        const answer = answers[index];
        if (!answer) throw new Error('[D2] a publish without an answer');
        this.#reference.answered(n, idempotencyKey, answer);
        const { seq } = parseCursor(answer.cursor);
        if (batch && !answer.duplicate && before > 0 && seq !== before + 1)
          throw new Error('[D2] a torn batch');
        if (!answer.duplicate) before = seq;
      }
    });
    answered.catch(() => {}); // #settle sees the error
    this.#pending.push(answered);
    if (wait || key !== null) await this.#settle();
  }

  async #subscribe({
    node,
    since,
    at,
    wants,
    capacity,
    conflate,
  }: Command & { do: 'subscribe' }): Promise<void> {
    const make = (from: Pick<ConstructorParameters<typeof ModelClient>[0], 'since' | 'start'>): void => {
      const client = new ModelClient({ wants, capacity, conflate, ...from });
      this.#clients.push(client);
      client.join(this.#node(node));
    };
    if (since === 'last') {
      await this.#settle();
      const { epoch } = this.#reference;
      if (epoch === null) return;
      const last = at + 1;
      const latest = this.#reference.latest(wantedOf(wants).matches, last);
      // If there are fewer, from the beginning of the log.
      const first = latest.length < last ? { seq: this.#reference.first } : latest[0];
      make({
        since: { last },
        start: null,
        ...(first && latest.length > 0 && { start: { epoch, seq: first.seq - 1 } }),
      });
      // Their place is decided when it reads: nothing else may be published until then.
      await this.#until(() => this.#clients.at(-1)?.hasItems === true);
      return;
    }
    if (since === 'live') return make({ since: undefined, start: null });
    const cursor = since === 'ahead' ? this.#ahead(at) : this.#reference.cursor(at);
    if (cursor === null) return;
    make({ since: cursor, start: parseCursor(cursor) });
  }

  #ahead(by: number): string | null {
    const { epoch } = this.#reference;
    // Beyond whatever this run can publish: a place that comes to be valid is another case.
    return epoch === null ? null : `${epoch}:${this.#reference.last(epoch) + 1000 + by}`;
  }

  async #history({ node, wants, limit }: Command & { do: 'history' }): Promise<void> {
    await this.#settle();
    await checkHistory(this.#node(node), this.#reference, wants, limit);
  }

  /** Erased records are gone at once from all that is read. */
  async #erase({ node, at, filter }: Command & { do: 'erase' }): Promise<void> {
    await this.#settle();
    const { epoch, first } = this.#reference;
    if (epoch === null) return;
    const seq = Math.max(first, this.#reference.last(epoch) - at);
    const n = this.#reference.at({ epoch, seq }) ?? 0;
    if (!filter && n < 0) return; // a notice is no event
    const sad = wantedOf(3);
    const wanted = filter ? sad.matches : (other: number) => other === n;
    const cursors = this.#reference
      .latest(wanted, Number.POSITIVE_INFINITY)
      .map((found) => `${epoch}:${found.seq}`);
    const { types, filter: conditions = {} } = sad.options;
    const manager = this.#node(node);
    const { erased } = await manager.erase(
      filter ? { types, filter: conditions } : { cursor: `${epoch}:${seq}` },
    );
    if (erased !== cursors.length) throw new Error(`[V7] ${erased} erased instead of ${cursors.join()}`);
    const broker = this.#backend.broker();
    const { last } = await broker.bounds(TOPIC);
    await broker.close();
    const type = filter || n % 3 !== 0 ? 'agent_message' : 'system_status';
    this.#reference.erased(cursors, NOTICES[type], last);
    await this.#history({ do: 'history', node, wants: 0, limit: 9 });
  }

  async #lose(): Promise<void> {
    await this.#onLog(() => this.#backend.lose());
    this.#reference.lost();
  }

  async #replicate(): Promise<void> {
    const { replica } = this.#backend;
    if (!replica) return;
    await this.#onLog(() => replica.copy());
    this.#reference.replicated();
  }

  /** Earlier subscribers know what the log had, and are asked before anybody writes. */
  async #failOver(): Promise<void> {
    const { replica } = this.#backend;
    if (!replica || !this.#reference.hasReplica) return;
    await this.#settle();
    const look = () => this.#node(0).history({ limit: 1 });
    await look();
    await this.#onLog(() => replica.promote());
    await look();
    const broker = this.#backend.broker();
    const { epoch, last } = await broker.bounds(TOPIC);
    await broker.close();
    this.#reference.failedOver(epoch, last);
  }

  /** Does something to the log: under the nodes, or between two runs of theirs. */
  async #onLog(change: () => Promise<void>): Promise<void> {
    if (this.#backend.losesInPlace) {
      await this.#settle();
      await change();
    } else {
      await this.#stopNodes();
      await change();
      this.#startNodes();
    }
  }

  /** All publishes were answered. */
  async #settle(): Promise<void> {
    const pending = this.#pending;
    this.#pending = [];
    await Promise.all(pending);
    this.#reference.checkNumbers();
  }

  async #until(isSo: () => boolean): Promise<void> {
    const deadline = performance.now() + DONE_MS;
    while (!isSo()) {
      if (performance.now() > deadline) throw new Error('[D5] no first item');
      await turn();
    }
  }

  #client(who: number): ModelClient | undefined {
    return this.#clients[who % Math.max(1, this.#clients.length)];
  }

  #node(index: number): EventManager {
    const node = this.#nodes[index % NODES];
    if (!node) throw new Error('no such node');
    return node;
  }

  #startNode(): EventManager {
    return new EventManager({ broker: this.#backend.broker(), lingerMs: 1 });
  }

  #startNodes(): void {
    this.#nodes = Array.from({ length: NODES }, () => this.#startNode());
  }

  async #stopNodes(): Promise<void> {
    await this.#settle();
    await Promise.all(this.#nodes.map((node) => node.close()));
  }
}

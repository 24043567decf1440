import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { parseCursor } from '../../../shared/cursor.ts';
import type { GapReason } from '../../../shared/stream-items.ts';
import { eventOf, wantedOf } from '../events/wanted.ts';
import type { Backend } from '../logs/backend.ts';
import { checkHistory } from '../reference/check-history.ts';
import { ReferenceLog } from '../reference/reference-log.ts';
import type { Command } from './commands.ts';
import { ModelClient } from './model-client.ts';
import { ModelLog } from './model-log.ts';
import { Nodes } from './nodes.ts';

/**
 * Runs commands on two nodes of one log and on the reference, and holds the one against the other.
 * @param doneMs ms after which something is waited for for ever
 * @returns reasons of the gaps that clients were told
 */
export async function runWorld(
  backend: Backend,
  commands: readonly Command[],
  doneMs: number,
): Promise<ReadonlySet<GapReason>> {
  const world = new World(backend, doneMs);
  try {
    for (const command of commands) await world.run(command);
    return await world.finish();
  } finally {
    await world.close();
  }
}

class World {
  readonly #reference: ReferenceLog;
  readonly #clients: ModelClient[] = [];
  readonly #nodes: Nodes;
  readonly #log: ModelLog;
  readonly #doneMs: number;
  #pending: Promise<void>[] = [];
  #next = 1;

  constructor(backend: Backend, doneMs: number) {
    this.#doneMs = doneMs;
    this.#reference = new ReferenceLog(backend.kept);
    this.#nodes = new Nodes(backend);
    this.#log = new ModelLog(backend, this.#nodes, this.#reference);
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
        return this.#client(command.who)?.join(this.#nodes.at(command.node));
      case 'restart':
        await this.#settle();
        return this.#nodes.restart(command.node, command.held);
      case 'restartAll':
        await this.#settle();
        return this.#log.restart();
      case 'lose':
        await this.#settle();
        return this.#log.lose();
      case 'replicate':
        await this.#settle();
        return this.#log.replicate();
      case 'failOver':
        await this.#settle();
        return this.#log.failOver();
      case 'intrude':
        return this.#log.intrude(this.#numbers(command.count), command);
      case 'inherit':
        await this.#settle();
        return this.#log.inherit(this.#numbers(command.count), command);
      case 'erase':
        await this.#settle();
        await this.#log.erase(command, () => this.#pass(command.node));
        return this.#history({ do: 'history', node: command.node, wants: 0, limit: 9 });
      case 'history':
        return this.#history(command);
      case 'turns':
        for (let i = 0; i < command.count; i++) await turn();
    }
  }

  /** Everybody comes back, reads all there is, and has got what the reference says. */
  async finish(): Promise<ReadonlySet<GapReason>> {
    await this.#settle();
    for (const [index, client] of this.#clients.entries()) {
      client.resume(Number.POSITIVE_INFINITY);
      client.join(this.#nodes.at(index));
    }
    const deadline = performance.now() + this.#doneMs;
    const { epoch } = await this.#log.bounds();
    for (let turns = 0; ; turns++) {
      const behind = this.#clients.filter((client) => !client.isDone(this.#reference, epoch));
      if (behind.length === 0) return new Set(this.#clients.flatMap((client) => client.gapReasons));
      if (performance.now() > deadline) {
        throw new Error(
          `[D4] in ${epoch}, up to ${this.#reference.last(epoch)}, some wait for ever:\n${behind.map((client) => client.describe()).join('\n')}`,
        );
      }
      await (turns < 50 ? turn() : sleep(2));
    }
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#pending);
    for (const client of this.#clients) client.leave();
    await this.#nodes.stop();
  }

  async #publish({ node, count, key, batch, wait }: Command & { do: 'publish' }): Promise<void> {
    // One of several events has the key; the others are new.
    const events = this.#numbers(count).map((n, index) => {
      const idempotencyKey = key !== null && index === 0 ? `key-${key}` : null;
      return { n, idempotencyKey };
    });
    const inputs = events.map(({ n, idempotencyKey }) => ({
      ...eventOf(n),
      ...(idempotencyKey !== null && { idempotencyKey }),
    }));
    const manager = this.#nodes.at(node);
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
      client.join(this.#nodes.at(node));
    };
    if (since === 'last') {
      await this.#settle();
      await this.#pass(node);
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
      await this.#until('[D5] no first item', () => this.#clients.at(-1)?.hasItems === true);
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

  /** A node goes on past all events of a version that they do not know. */
  async #pass(node: number): Promise<void> {
    const { epoch, hasNewer } = this.#reference;
    if (!hasNewer || epoch === null) return;
    const last = `${epoch}:${this.#reference.last(epoch)}`;
    await this.#until('[V4] an event of a newer version is waited at for ever', async () => {
      const { next } = await this.#nodes.at(node).history({ since: `${epoch}:0`, limit: 1000 });
      return next === last && !this.#nodes.isWaiting(node);
    });
  }

  async #history({ node, wants, limit }: Command & { do: 'history' }): Promise<void> {
    await this.#settle();
    await this.#pass(node);
    await checkHistory(this.#nodes.at(node), this.#reference, wants, limit);
  }

  /** Numbers of events that are new. */
  #numbers(count: number): number[] {
    return Array.from({ length: count }, () => this.#next++);
  }

  /** All publishes were answered. */
  async #settle(): Promise<void> {
    const pending = this.#pending;
    this.#pending = [];
    await Promise.all(pending);
    this.#reference.checkNumbers();
  }

  async #until(otherwise: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
    const deadline = performance.now() + this.#doneMs;
    while (!(await isSo())) {
      if (performance.now() > deadline) throw new Error(otherwise);
      await turn();
    }
  }

  #client(who: number): ModelClient | undefined {
    return this.#clients[who % Math.max(1, this.#clients.length)];
  }
}

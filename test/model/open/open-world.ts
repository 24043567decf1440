import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import type { Backend } from '../logs/backend.ts';
import { Calls, checkSettled } from './calls.ts';
import { checkPast } from './check-past.ts';
import type { Command } from './commands.ts';
import { checkLog, readLogs, TOPICS, type TopicLog } from './log-records.ts';
import { OpenNodes } from './open-nodes.ts';
import { type Do, Owners, ownerOf, ownersStateOf } from './owners.ts';
import { HALF_PASS_MS, lapsedState, type RefEvent, ReferenceOpen } from './reference.ts';
import { Watcher } from './watcher.ts';

/** Turns of the event loop in which all that was under way within a process has come. */
const QUIET_TURNS = 20;
const SWEEP_MS = 1000;

/**
 * Runs commands on three nodes of one log and on the reference, and holds the one against the other.
 * @param doneMs ms after which something is waited for for ever
 */
export async function runOpenWorld(
  backend: Backend,
  commands: readonly Command[],
  doneMs: number,
): Promise<void> {
  const world = new OpenWorld(backend, doneMs);
  try {
    for (const command of commands) await world.run(command);
    await world.finish();
  } finally {
    await world.close();
  }
}

class OpenWorld {
  readonly #backend: Backend;
  readonly #doneMs: number;
  readonly #reference = new ReferenceOpen();
  readonly #nodes: OpenNodes;
  readonly #calls: Calls;
  readonly #owners: Owners;
  readonly #watchers: Watcher[] = [];
  #notes = 0;

  constructor(backend: Backend, doneMs: number) {
    this.#backend = backend;
    this.#doneMs = doneMs;
    this.#nodes = new OpenNodes(backend);
    this.#calls = new Calls(this.#nodes, doneMs);
    this.#owners = new Owners(this.#calls, this.#reference);
  }

  async run(command: Command): Promise<void> {
    switch (command.do) {
      case 'begin':
        return this.#owners.begin(command);
      case 'append':
        return this.#owners.append(command);
      case 'replace':
        return this.#owners.replace(command);
      case 'settle':
        return this.#owners.settle(command);
      case 'answer':
        return this.#owners.answer(command);
      case 'touch':
        return this.#owners.touch(command);
      case 'race':
        return this.#owners.race(command);
      case 'ownerDies': {
        const event = this.#owners.pick(command.which, false);
        if (event) event.isOwned = false;
        return;
      }
      case 'pass':
        return this.#pass(command);
      case 'note':
      case 'type':
        return this.#publish(command);
      case 'subscribe':
        return this.#subscribe(command);
      case 'pause':
        return this.#watcher(command.who)?.pause();
      case 'resume':
        return this.#watcher(command.who)?.resume();
      case 'drop':
        return this.#watcher(command.who)?.leave();
      case 'return':
        return this.#watcher(command.who)?.join(this.#nodes.at(command.node));
      case 'look':
        return this.#look(command);
      case 'turns':
        for (let count = 0; count < command.count; count++) await turn();
        return;
      default:
        return this.#strike(command);
    }
  }

  /** All is well from here on, everybody comes back, and has what the reference says; and nothing comes after that. */
  async finish(): Promise<void> {
    this.#nodes.healAll();
    // A change of each set shows those that lost changes that they did.
    for (const topic of TOPICS.keys())
      await this.#owners.begin({
        do: 'begin',
        node: 0,
        topic,
        type: 'viewer',
        place: 'red',
        by: 'world',
        key: null,
        cut: false,
      });
    for (const [index, watcher] of this.#watchers.entries()) {
      watcher.resume(Number.POSITIVE_INFINITY);
      watcher.join(this.#nodes.at(index));
    }
    const logs = await readLogs(this.#backend);
    for (const [topic, log] of logs) checkLog(topic, log, this.#reference);
    await this.#quiet(logs);
    for (let count = 0; count < QUIET_TURNS; count++) await turn();
    await this.#quiet(logs);
    for (const [index, topic] of TOPICS.entries()) await this.#check(index, topic, logs, 1000);
  }

  async close(): Promise<void> {
    for (const watcher of this.#watchers) watcher.leave();
    await this.#nodes.stop();
  }

  async #quiet(logs: ReadonlyMap<string, TopicLog>): Promise<void> {
    const deadline = performance.now() + this.#doneMs;
    for (let turns = 0; ; turns++) {
      for (const watcher of this.#watchers) watcher.check();
      const lacking = this.#watchers.flatMap((watcher) => {
        const lack = watcher.lacks(this.#reference, logs);
        return lack ? [`${lack}\n${watcher.describe()}`] : [];
      });
      if (lacking.length === 0) return;
      if (performance.now() > deadline) throw new Error(`some wait for ever:\n${lacking.join('\n')}`);
      await (turns < 50 ? turn() : sleep(2));
    }
  }

  async #publish({ do: what, node, topic: number }: Do<'note' | 'type'>): Promise<void> {
    const topic = TOPICS[number % TOPICS.length] ?? '';
    const manager = this.#nodes.at(node);
    const text = String(++this.#notes);
    if (what === 'type') await this.#calls.answered(manager.publish('typing', { who: text }, { topic }));
    else {
      await this.#calls.answered(manager.publish('note', { text }, { topic }));
      this.#reference.noted(topic, this.#notes);
    }
  }

  #subscribe({ node, topic: number, wants, pace, all, capacity }: Do<'subscribe'>): void {
    const topic = number === null ? null : (TOPICS[number % TOPICS.length] ?? '');
    const watcher = new Watcher({ topic, wants, pace, all, capacity });
    this.#watchers.push(watcher);
    watcher.join(this.#nodes.at(node));
  }

  /** Owners that live renew their leases, and those of others are over: whoever notices settles them, once. */
  async #pass({ node, late }: Do<'pass'>): Promise<void> {
    let over: RefEvent[] = [];
    for (const half of [0, 1]) {
      for (const event of this.#reference.open())
        if (event.isOwned) await this.#owners.renew(event, node + half);
      await this.#backend.passTime(HALF_PASS_MS);
      over = this.#reference.passed(HALF_PASS_MS);
      if (half === 0) for (const event of over) event.isOwned = false;
    }
    const [first] = over;
    const comesBack = late && first ? this.#settleLate(first, node) : undefined;
    comesBack?.catch(() => {}); // it is awaited below
    await this.#calls.until('[O8] events are open although their time is over', async () => {
      await this.#nodes.tick(SWEEP_MS);
      const open = await this.#open();
      return over.every(({ id }) => !open.has(id));
    });
    await comesBack;
    for (const event of over) if (event.state === 'open') this.#reference.lapsed(event);
  }

  /** An owner that was silent for too long settles its event, as the nodes do. */
  async #settleLate(event: RefEvent, node: number): Promise<void> {
    const state = ownersStateOf(event, false);
    const outcome = await this.#calls.make(node, false, (verbs) =>
      verbs.settle({ ...ownerOf(event), state }),
    );
    if (!outcome.error)
      return this.#reference.settled(event, { state, by: event.by, cursor: outcome.value.cursor });
    this.#reference.lapsed(event);
    if (outcome.error.code !== 'ALREADY_SETTLED') throw outcome.error;
    checkSettled(`[O8] settle of what is ${lapsedState(event)}`, event, outcome.error.settled);
  }

  /** Ids of all that is open by the log. */
  async #open(): Promise<Set<string>> {
    const broker = this.#backend.broker();
    try {
      const sets = await Promise.all(TOPICS.map((topic) => broker.open?.read(topic)));
      return new Set(sets.flatMap((set) => set?.events.map(({ id }) => id) ?? []));
    } finally {
      await broker.close();
    }
  }

  async #look({ node, topic: number, limit }: Do<'look'>): Promise<void> {
    const topic = TOPICS[number % TOPICS.length] ?? '';
    await this.#check(node, topic, await readLogs(this.#backend), limit);
  }

  async #check(
    node: number,
    topic: string,
    logs: ReadonlyMap<string, TopicLog>,
    limit: number,
  ): Promise<void> {
    const log = logs.get(topic);
    if (log) await checkPast(this.#nodes.at(node), topic, log, this.#reference, limit);
  }

  async #strike(command: Do<'restart' | 'restartAll' | 'lose' | 'hold' | 'miss' | 'heal'>): Promise<void> {
    switch (command.do) {
      case 'restart':
        return this.#nodes.restart(command.node);
      case 'restartAll':
        return this.#between(() => this.#backend.restart());
      case 'lose':
        this.#nodes.healAll();
        if (this.#backend.losesInPlace) await this.#backend.lose();
        else await this.#between(() => this.#backend.lose());
        return this.#reference.lost();
      case 'hold':
        this.#nodes.wild(command.node).flows = false;
        return;
      case 'miss':
        this.#nodes.wild(command.node).loses += command.count;
        return;
      case 'heal':
        return this.#nodes.heal(command.node);
    }
  }

  /** All nodes end, and others begin. */
  async #between(change: () => Promise<void>): Promise<void> {
    await this.#nodes.stop();
    await change();
    this.#nodes.start();
  }

  #watcher(who: number): Watcher | undefined {
    return this.#watchers[who % Math.max(1, this.#watchers.length)];
  }
}

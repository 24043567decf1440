import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import type { Broker, LogRecord, Tail } from '../../server/index.ts';
import { EventsError } from '../../shared/index.ts';
import { type SimulationState, simulationStateSchema } from '../catalog.ts';
import { type Command, commandSchema } from './command.ts';

/** Topics that begin with `_` are no subject's unless its claims say so. */
const TOPIC = '_simulation';
/** No event can have these names, so none that a client publishes is taken for a command. */
const ASKED = 'simulation.asked';
const ANSWERED = 'simulation.answered';

/** Ms for the process that has a simulation to say so, and for all the others once one has. */
const TAKEN_MS = 2000;
const LIST_MS = 300;
/** Ms for a command that was taken: a step lasts as long as the turn. */
const DONE_MS = 60_000;

const asked = z.object({
  /** The id of the question, which its answers have too. */
  ask: z.string(),
  /** The simulation's topic; null: all, for their states. */
  topic: z.string().nullable(),
  command: commandSchema,
});
const answered = z.object({
  ask: z.string(),
  topic: z.string(),
  outcome: z.discriminatedUnion('is', [
    z.object({ is: z.literal('taken') }),
    z.object({ is: z.literal('done'), state: simulationStateSchema }),
    z.object({ is: z.literal('failed'), message: z.string() }),
  ]),
});
type Asked = z.output<typeof asked>;
type Answered = z.output<typeof answered>;

type Listed = { topic: string } & SimulationState;

/** The simulations of this process. */
export interface Host {
  topics(): string[];
  perform(topic: string, command: Command): Promise<SimulationState>;
}

/** Controls simulations of other processes that share a broker, and lets them control those of this one. */
export class RemoteControl {
  readonly #broker: Broker;
  readonly #host: Host;
  /** Ask → what to call with its answers. */
  readonly #waiting = new Map<string, (answer: Answered) => void>();
  #tail: Promise<Tail> | undefined;
  /** The list whose question is not put yet. */
  #nextList: Promise<Listed[]> | undefined;
  /** The list that was asked for last: the next one waits for it. */
  #lastList: Promise<unknown> = Promise.resolve();

  constructor(broker: Broker, host: Host) {
    this.#broker = broker;
    this.#host = host;
  }

  /** Listens from now on. Resolves when it does. */
  async open(): Promise<void> {
    this.#tail ??= this.#broker.tail(TOPIC, {
      start: () => {},
      gap: () => {}, // a command that is lost was not taken: whoever asked is told
      records: (records) => this.#receive(records),
    });
    await this.#tail;
  }

  close(): void {
    this.#tail?.then((tail) => tail.close()).catch(() => {});
  }

  /**
   * The state that a command led to, or undefined when no other process has the simulation.
   * @throws EventsError UNAVAILABLE when the process that has it failed, or did not get it done within a minute
   */
  async perform(topic: string, command: Command): Promise<SimulationState | undefined> {
    return new Promise((resolve, reject) => {
      const give = (settle: () => void): void => {
        clearTimeout(timer);
        stop();
        settle();
      };
      let timer = setTimeout(() => give(() => resolve(undefined)), TAKEN_MS);
      const fail = (message: string): void => give(() => reject(new EventsError('UNAVAILABLE', message)));
      const onFailure = (error: unknown): void => give(() => reject(error));
      const stop = this.#ask({ topic, command }, onFailure, ({ outcome }) => {
        if (outcome.is === 'done') give(() => resolve(outcome.state));
        else if (outcome.is === 'failed') fail(outcome.message);
        else {
          clearTimeout(timer);
          timer = setTimeout(() => fail(`The simulation on topic ${topic} did not answer.`), DONE_MS);
        }
      });
    });
  }

  /**
   * The simulations of all other processes that answer soon; where none is known yet, the first one is waited for. All who
   * ask before a question is put share it, since it is written to the log and each process answers it; one who asks later
   * gets the next one, because this one may have been answered before something changed.
   */
  list(): Promise<Listed[]> {
    if (!this.#nextList) {
      const begin = (): Promise<Listed[]> => {
        this.#nextList = undefined;
        return this.#listNow();
      };
      this.#nextList = this.#lastList.then(begin, begin);
      this.#lastList = this.#nextList;
    }
    return this.#nextList;
  }

  async #listNow(): Promise<Listed[]> {
    const found: Listed[] = [];
    const isKnown = (): boolean => found.length > 0 || this.#host.topics().length > 0;
    await new Promise<void>((resolve, reject) => {
      const end = (settle: () => void): void => {
        clearTimeout(soon);
        clearTimeout(late);
        stop();
        settle();
      };
      let isLate = false;
      const soon = setTimeout(() => {
        isLate = true;
        if (isKnown()) end(resolve);
      }, LIST_MS);
      const late = setTimeout(() => end(resolve), TAKEN_MS);
      const onFailure = (error: unknown): void => end(() => reject(error));
      const everything = { topic: null, command: { action: 'state' as const } };
      const stop = this.#ask(everything, onFailure, ({ topic, outcome }) => {
        if (outcome.is === 'done') found.push({ topic, ...outcome.state });
        if (isLate && isKnown()) end(resolve);
      });
    });
    return found;
  }

  /** Returns what ends waiting for answers. */
  #ask(
    what: Omit<Asked, 'ask'>,
    onFailure: (error: unknown) => void,
    onAnswer: (answer: Answered) => void,
  ): () => void {
    const ask = randomUUID();
    this.#waiting.set(ask, onAnswer);
    const stop = (): void => void this.#waiting.delete(ask);
    this.open()
      .then(() => this.#publish(ASKED, { ask, ...what }))
      .catch((error: unknown) => {
        stop();
        onFailure(error);
      });
    return stop;
  }

  #receive(records: readonly LogRecord[]): void {
    for (const { type, json } of records) {
      if (type !== ASKED && type !== ANSWERED) continue;
      const data: unknown = parse(json);
      const question = asked.safeParse(data);
      const answer = answered.safeParse(data);
      if (type === ASKED && question.success) void this.#answer(question.data).catch(() => {}); // who asked waits no longer than it says
      if (type === ANSWERED && answer.success) this.#waiting.get(answer.data.ask)?.(answer.data);
    }
  }

  /** Answers for the simulations of this process, unless it asked itself. */
  async #answer({ ask, topic, command }: Asked): Promise<void> {
    if (this.#waiting.has(ask)) return;
    const meant = this.#host.topics().filter((each) => topic === null || each === topic);
    for (const each of meant) {
      const answer = (outcome: Answered['outcome']) => this.#publish(ANSWERED, { ask, topic: each, outcome });
      try {
        if (topic !== null) await answer({ is: 'taken' });
        await answer({ is: 'done', state: await this.#host.perform(each, command) });
      } catch (error) {
        const message = error instanceof EventsError ? error.message : 'The simulation failed.';
        await answer({ is: 'failed', message });
      }
    }
  }

  async #publish(type: string, data: Asked | Answered): Promise<void> {
    const event = { event_type: type, timestamp: new Date().toISOString(), data };
    await this.#broker.publish(TOPIC, [{ type, id: randomUUID(), json: JSON.stringify(event) }]);
  }
}

function parse(json: string): unknown {
  try {
    return z.object({ data: z.unknown() }).safeParse(JSON.parse(json)).data?.data;
  } catch {
    return undefined;
  }
}

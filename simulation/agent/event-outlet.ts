import type { Logger } from '../../server/index.ts';
import {
  type Answered,
  type EventInput,
  type EventName,
  EventsError,
  type GrowingHandle,
  type OpenName,
  type QuestionHandle,
} from '../../shared/index.ts';
import type { SimulationCatalog } from '../catalog.ts';
import { systemClock, type WorldClock } from '../clock.ts';

/** Names of the events that are complete when they are published. */
type Name = Exclude<EventName<SimulationCatalog>, OpenName<SimulationCatalog>>;
/** The name of an event and its data. */
type SimulationEvent = { [N in Name]: [event_type: N, data: EventInput<N, SimulationCatalog>] }[Name];
type Options = { topic?: string | undefined; timestamp?: string | undefined; by?: string | undefined };
type OpenOptions = Omit<Options, 'timestamp'> & { key?: string; timeoutMs?: number };

/** An answer that grows, and a question. */
type Reply = EventInput<'agent_processing', SimulationCatalog>;
type Question = EventInput<'agent_question', SimulationCatalog>;

/** A publisher for the simulation. An EventManager of {@link simulationEvents}, or of a catalog with more, fits. */
export interface EventPublisher {
  publish(...event: [...event: SimulationEvent, options?: Options]): Promise<unknown>;
  // No methods: a manager in whose catalog the two are complete events is none.
  readonly begin: {
    (type: 'agent_processing', data: Reply, options?: OpenOptions): Promise<GrowingHandle>;
    (type: 'agent_question', data: Question, options?: OpenOptions): Promise<QuestionHandle>;
  };
  readonly ask: (
    type: 'agent_question',
    data: Question,
    options?: OpenOptions,
  ) => Promise<Answered<{ choice: string }>>;
}

/** Options of an {@link EventOutlet}. */
export interface EventOutletOptions {
  manager: EventPublisher;
  /** Default `default`. */
  topic?: string | undefined;
  /** Publisher that the events' `by` names. Default: nobody is named. */
  by?: string | undefined;
  /** Default: the time of this machine. */
  clock?: Pick<WorldClock, 'time'> | undefined;
  /** Default: nothing is logged. */
  logger?: Logger | undefined;
}

/** An answer whose text grows. No call waits, and none fails: failures are counted and logged. */
export interface GrowingAnswer {
  append(text: string): void;
  /** Settles it, with all of its text. @param after sent before */
  done(after: Promise<unknown>): void;
  /** Settles it with the text that it has. Resolves when it is settled, or that has failed. @param reason for viewers too */
  abort(reason: string): Promise<void>;
}

/** A question that was put to whoever watches. */
export interface OpenQuestion {
  /** The first answer; undefined where none came. Never rejects. */
  readonly choice: Promise<string | undefined>;
  /** Withdraws it, unless it is settled. */
  withdraw(): void;
}

/** Ms for which a question stays open after its asker died. One that lives withdraws it by itself. */
const QUESTION_MS = 120_000;

/** Publishes the events of a simulation. A failed publish is counted and logged, and never stops its sender. */
export class EventOutlet {
  readonly topic: string | undefined;
  /** Publishes that failed. */
  failures = 0;
  readonly #by: string | undefined;
  readonly #manager: EventPublisher;
  readonly #clock: Pick<WorldClock, 'time'>;
  readonly #logger: Logger | undefined;
  readonly #inFlight = new Set<Promise<unknown>>();
  /** The last opening under way, which may take longer than a publish; what is sent meanwhile comes after it. */
  #opening: Promise<unknown> | undefined;

  constructor({ manager, topic, by, clock = systemClock, logger }: EventOutletOptions) {
    this.topic = topic;
    this.#by = by;
    this.#manager = manager;
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Publishes an event. Resolves, never rejects, when it is stored or has failed; events are stored in the order sent. */
  async send(...event: SimulationEvent): Promise<void> {
    await this.#attempt(event[0], () => {
      const timestamp = new Date(this.#clock.time()).toISOString();
      const publish = () => this.#manager.publish(...event, { ...this.#place, timestamp });
      return this.#opening ? this.#opening.then(publish) : publish();
    });
  }

  /** Begins an answer. */
  begin(data: Reply): GrowingAnswer {
    const type = 'agent_processing';
    const begun = this.#open(type, () => this.#manager.begin(type, data, this.#place));
    return {
      // A piece that cannot be appended is told by the settlement.
      append: (text) => void begun.then((handle) => void handle?.append(text)),
      done: (after) => {
        void this.#attempt(type, async () => {
          const handle = await begun;
          await after;
          await handle?.done();
        });
      },
      abort: async (reason) => {
        await this.#attempt(type, async () => (await begun)?.abort(reason));
      },
    };
  }

  /** Asks a question, which stays open for two minutes at most. */
  ask(data: Question): OpenQuestion {
    const type = 'agent_question';
    const options = { ...this.#place, timeoutMs: QUESTION_MS };
    const begun = this.#open(type, () => this.#manager.begin(type, data, options));
    let isWithdrawn = false;
    const answered = async (): Promise<string | undefined> => {
      const handle = await begun;
      if (!handle) return undefined;
      try {
        const { answer } = await this.#manager.ask(type, data, { ...options, key: handle.key });
        return answer?.choice;
      } catch (error) {
        if (!isWithdrawn) this.#failed(type, error);
        return undefined;
      }
    };
    return {
      choice: answered(),
      withdraw: () => {
        isWithdrawn = true;
        void this.#attempt(type, async () => (await begun)?.settle('withdrawn').catch(ifSettled));
      },
    };
  }

  /** Resolves when nothing that was sent is under way any more. An open question is not. */
  async settled(): Promise<void> {
    while (this.#inFlight.size > 0) await Promise.all(this.#inFlight);
  }

  get #place() {
    return { topic: this.topic, by: this.#by };
  }

  /** Begins an event, after those that were begun before. */
  #open<T>(type: string, begin: () => Promise<T>): Promise<T | undefined> {
    const before = this.#opening;
    const opened = this.#attempt(type, () => (before ? before.then(begin) : begin()));
    this.#opening = opened;
    void opened.then(() => {
      if (this.#opening === opened) this.#opening = undefined;
    });
    return opened;
  }

  async #attempt<T>(type: string, action: () => Promise<T>): Promise<T | undefined> {
    const done = action().catch((error: unknown) => this.#failed(type, error));
    this.#inFlight.add(done);
    try {
      return await done;
    } finally {
      this.#inFlight.delete(done);
    }
  }

  #failed(event_type: string, error: unknown): undefined {
    this.failures++;
    const fields = { event_type, topic: this.topic, error: String(error) };
    this.#logger?.warn(fields, 'An event of the simulation was not published');
  }
}

/** @throws the error, unless it says that somebody was faster */
function ifSettled(error: unknown): void {
  const code = error instanceof EventsError ? error.code : null;
  if (code !== 'ALREADY_SETTLED' && code !== 'NOT_OPEN') throw error;
}

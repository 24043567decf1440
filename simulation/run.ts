import type { Logger } from '../server/index.ts';
import { sleep } from '../shared/index.ts';
import { Agent } from './agent/agent.ts';
import type { EventOutlet } from './agent/event-outlet.ts';
import { type Responder, ResponderError, type ResponderFactory } from './agent/responder.ts';
import type { SentimentAnalyzer } from './agent/sentiment.ts';
import { ARCHETYPE_IDS, ARCHETYPES } from './archetypes.ts';
import { Asking } from './asking.ts';
import type { Clock } from './clock.ts';
import { AgentNetwork, type NetworkMessage } from './network/agent-network.ts';
import { PSYCHE_PATHS } from './network/paths.ts';
import { measureStagnation, STAGNATION_WINDOW } from './network/stagnation.ts';
import { createRandom, type Random } from './random.ts';
import { beginRun, type RunState, step, type Turn } from './step.ts';
import type { Timeline } from './timeline.ts';

export interface RunOptions {
  seed: number;
  responder: ResponderFactory;
  events: EventOutlet;
  /** The time of the real world. */
  clock: Clock;
  /** The time of the simulation. */
  timeline: Timeline;
  /** Called with the first answer to a question that an agent has put to whoever watches. */
  onAnswer: (choice: string) => void;
  sentiment?: SentimentAnalyzer | undefined;
  logger?: Logger | undefined;
}

/** When to look again if no path is open. */
const NOBODY_CAN_SPEAK_MS = 1000;

/**
 * One conversation from its first word: agents, network, and whose turn it is. Time within a run, by which the hold of
 * emergency mode is measured, is the sum of its turns' paces, however long they really took: so neither a busy machine
 * nor a slow model changes what happens, and the seed alone decides.
 */
export class Run {
  readonly network: AgentNetwork;
  readonly agents: ReadonlyMap<string, Agent>;
  readonly #timeline: Timeline;
  readonly #logger: Logger | undefined;
  readonly #random: Random;
  readonly #asking: Asking;
  readonly #cancelled = new AbortController();
  #taken = 0;
  #state: RunState = beginRun(ARCHETYPE_IDS, PSYCHE_PATHS);
  /** The run's time at the present turn, ms. */
  #now = 0;
  #heard: readonly NetworkMessage[] = [];
  #turn: Promise<unknown> = Promise.resolve();
  /** Turns that broke for another reason than a missing answer. */
  #faults = 0;

  constructor({ seed, responder, events, clock, timeline, onAnswer, sentiment, logger }: RunOptions) {
    this.#timeline = timeline;
    this.#logger = logger;
    this.#random = createRandom(seed, 0);
    const paused = pausing(responder({ random: createRandom(seed, 1), clock: timeline }), timeline);
    this.#asking = new Asking({ random: createRandom(seed, 2), events, onAnswer });
    const agents = ARCHETYPE_IDS.map((id) => {
      const { type } = ARCHETYPES[id];
      return new Agent({ id, type, responder: paused, events, sentiment, clock, logger });
    });
    this.agents = new Map(agents.map((agent) => [agent.id, agent]));
    this.network = new AgentNetwork({ events, clock: { now: () => this.#now } });
  }

  /** Turns taken. */
  get tick(): number {
    return this.#taken;
  }

  /** The last words from outside, or null. */
  get stimulus(): string | null {
    return this.#state.stimulus?.text ?? null;
  }

  get errors(): number {
    let errors = this.#faults;
    for (const agent of this.agents.values()) errors += agent.stats.errors;
    return errors;
  }

  /** Says something to all agents from outside: each answers it the next time it speaks. */
  inject(text: string): void {
    this.#state = { ...this.#state, stimulus: { text, waiting: ARCHETYPE_IDS } };
  }

  /** Ends a turn under way, and resolves when it has ended. No other may be taken. */
  async cancel(): Promise<void> {
    this.#cancelled.abort();
    await this.#turn;
    this.#asking.end();
  }

  /** Lets one agent speak. Never rejects. Resolves with the time until the next turn is due, ms of the simulation. */
  takeTurn(): Promise<number> {
    const turn = this.#takeTurn();
    this.#turn = turn;
    return turn;
  }

  async #takeTurn(): Promise<number> {
    const startedAt = this.#timeline.now();
    this.#now = this.#state.dueAt;
    const { state, turn } = step({ ...this.#state, mode: this.network.mode }, this.#now, this.#random);
    this.#state = state;
    if (!turn) return NOBODY_CAN_SPEAK_MS;
    try {
      await this.#speak(turn);
      this.#asking.turnIsOver(turn.tick, turn.from);
      this.#state = { ...this.#state, failures: 0 };
    } catch (error) {
      this.#failed(turn, error);
    }
    this.#taken++;
    return Math.max(0, turn.paceMs - (this.#timeline.now() - startedAt));
  }

  async #speak({ from, to, tick, stimulus, paceMs }: Turn): Promise<void> {
    const { network } = this;
    const { mode, stagnation } = network;
    const { signal } = this.#cancelled;
    const heard = this.#heard;
    const agent = this.agents.get(from);
    if (!agent) throw new TypeError(`Run: there is no agent ${from}`);
    const situation = { to, turn: tick, mode, stagnation, heard, stimulus, paceMs, signal };
    const { text, sentiment } = await agent.respond(situation);
    this.#heard = [...heard, network.sendMessage(from, to, text, { sentiment: sentiment.score })].slice(
      -STAGNATION_WINDOW,
    );
    network.updateConversationState({ stagnation: measureStagnation(this.#heard.map((said) => said.text)) });
  }

  #failed({ from, stimulus }: Turn, error: unknown): void {
    const { failures, stimulus: current } = this.#state;
    const unanswered = current !== null && current.text === stimulus;
    this.#state = {
      ...this.#state,
      failures: failures + 1,
      stimulus: unanswered ? { ...current, waiting: [...current.waiting, from] } : current,
    };
    if (error instanceof ResponderError) return; // the agent has counted and logged it
    this.#faults++;
    this.#logger?.error({ agent: from, error }, 'A turn of the simulation failed');
  }
}

/** A responder whose words are held back while the simulation is paused, even those of a model that goes on talking. */
function pausing(responder: Responder, timeline: Timeline): Responder {
  return {
    async *respond(request) {
      const running = async (): Promise<void> => {
        if (!timeline.running) await sleep(timeline, 0, request.signal);
      };
      for await (const chunk of responder.respond(request)) {
        await running();
        yield chunk;
      }
      await running();
    },
  };
}

import type { Logger } from '../server/index.ts';
import { DEFAULT_TOPIC, EventsError, sleep } from '../shared/index.ts';
import type { AgentStats } from './agent/agent-stats.ts';
import { EventOutlet, type EventPublisher } from './agent/event-outlet.ts';
import type { ResponderFactory } from './agent/responder.ts';
import { scriptedResponder } from './agent/scripted-responder.ts';
import type { SentimentAnalyzer } from './agent/sentiment.ts';
import type { SimulationState } from './catalog.ts';
import { systemClock, type WorldClock } from './clock.ts';
import { checkSeed, checkSpeed, checkStimulus } from './control/limits.ts';
import { Run } from './run.ts';
import { Timeline } from './timeline.ts';

/** Options of a {@link Simulation}. */
export interface SimulationOptions {
  /** Publishes its events. */
  manager: EventPublisher;
  /** The topic of its events; simulations side by side have one each. Default `default`. */
  topic?: string | undefined;
  /** Publisher that its events' `by` names: one id for all agents. Default: nobody is named. */
  by?: string | undefined;
  /** A whole number. The same seed is the same conversation. Default 1. */
  seed?: number | undefined;
  /** 0.25 to 10. Default 1. */
  speed?: number | undefined;
  /** The source of the agents' words. Default: the written conversation. */
  responder?: ResponderFactory | undefined;
  /** Default: VADER. */
  sentiment?: SentimentAnalyzer | undefined;
  /** Default: the time of this machine. */
  clock?: WorldClock | undefined;
  /** Default: nothing is logged. */
  logger?: Logger | undefined;
}

/** The five archetypes in conversation. Every change of its state is published as `simulation_state`. */
export class Simulation {
  readonly topic: string;
  /** Resolves when it has been closed and its last event is stored. */
  readonly closed: Promise<void>;
  readonly #options: SimulationOptions;
  readonly #events: EventOutlet;
  readonly #clock: WorldClock;
  readonly #timeline: Timeline;
  #seed: number;
  #status: SimulationState['status'] = 'paused';
  #run: Run;
  /** Errors of runs that were reset. */
  #pastErrors = 0;
  /** Callers that wait for a turn to be taken while the simulation is paused, first come first. */
  #steps: (() => void)[] = [];
  #wake = new AbortController();
  #closed = false;

  /** Paused, at its beginning. @throws TypeError for a seed or speed that is not possible */
  constructor(options: SimulationOptions) {
    const { manager, topic = DEFAULT_TOPIC, by, seed = 1, speed = 1, clock = systemClock, logger } = options;
    this.topic = topic;
    this.#options = options;
    this.#clock = clock;
    this.#seed = checkSeed(seed);
    this.#timeline = new Timeline(clock, checkSpeed(speed));
    this.#events = new EventOutlet({ manager, topic, by, clock, logger });
    this.#run = this.#newRun(seed);
    this.closed = this.#takeTurns().then(() => this.#events.settled());
  }

  get state(): SimulationState {
    const { tick, network, stimulus } = this.#run;
    return {
      status: this.#status,
      seed: this.#seed,
      speed: this.#timeline.speed,
      tick,
      mode: network.mode,
      stagnation: network.stagnation,
      stimulus,
    };
  }

  /** Agents that take part: all but those whose last answer did not come; none once it is closed. */
  get activeAgents(): number {
    if (this.#closed) return 0;
    return Object.values(this.agents).filter(({ failing }) => !failing).length;
  }

  /** Answers that did not come and events that were not published, since the simulation was made. */
  get errorCount(): number {
    return this.#pastErrors + this.#run.errors + this.#events.failures;
  }

  /** Figures of each agent, by id. */
  get agents(): Record<string, AgentStats> {
    return Object.fromEntries([...this.#run.agents].map(([id, agent]) => [id, agent.stats]));
  }

  /** Lets it run. */
  start(): SimulationState {
    this.#assertOpen();
    if (this.#run.tick === 0) this.#run.network.announce();
    return this.#become('running');
  }

  /** Stops it where it is, be it in the middle of a sentence. */
  pause(): SimulationState {
    this.#assertOpen();
    return this.#become('paused');
  }

  /** Takes one turn, or ends the one it was paused in; a running simulation is paused by it. Resolves after the turn. */
  async step(): Promise<SimulationState> {
    this.#assertOpen();
    const taken = new Promise<void>((resolve) => this.#steps.push(resolve));
    this.#become('paused');
    this.#wake.abort();
    await taken;
    return this.state;
  }

  /** @param speed 0.25 to 10; 1 is normal. @throws TypeError when it is not */
  setSpeed(speed: number): SimulationState {
    this.#assertOpen();
    this.#timeline.speed = checkSpeed(speed);
    return this.#publishState();
  }

  /** Begins anew, running or paused as it is. @param options.seed default: the same again. @throws TypeError when it is no seed */
  async reset({ seed = this.#seed }: { seed?: number | undefined } = {}): Promise<SimulationState> {
    this.#assertOpen();
    const before = this.#run;
    this.#run = this.#newRun(checkSeed(seed));
    this.#seed = seed;
    this.#pastErrors += before.errors;
    await before.cancel();
    this.#run.network.announce();
    this.#wake.abort();
    return this.#publishState();
  }

  /** Says something to all agents from outside. @param text 1 to 500 characters. @throws TypeError when it is not */
  inject(text: string): SimulationState {
    this.#assertOpen();
    this.#run.inject(checkStimulus(text));
    this.#wake.abort();
    return this.#publishState();
  }

  /** Ends it for good. Resolves when its last event is stored. Idempotent. */
  async close(): Promise<void> {
    if (!this.#closed) {
      this.#become('paused');
      this.#closed = true;
      this.#wake.abort();
      await this.#run.cancel();
    }
    await this.closed;
  }

  /** Never rejects: what goes wrong in a turn is counted, and the next one is taken. */
  async #takeTurns(): Promise<void> {
    let restMs = 0;
    for (;;) {
      await this.#rest(restMs);
      if (this.#closed) break;
      const run = this.#run;
      restMs = await run.takeTurn();
      if (run === this.#run) {
        this.#steps.shift()?.();
        this.#publishState();
      }
      this.#keepTime();
      if (run !== this.#run || this.#steps.length > 0) restMs = 0;
    }
    for (const resolve of this.#steps) resolve();
  }

  /** Waits until the next turn is due, or wanted before. While time stands still nothing is due. */
  async #rest(ms: number): Promise<void> {
    let left = ms;
    for (;;) {
      this.#wake = new AbortController();
      if (this.#closed) return;
      const due = await sleep(this.#timeline, left, this.#wake.signal).then(
        () => true,
        () => false,
      );
      if (due) return;
      left = 0;
    }
  }

  #become(status: SimulationState['status']): SimulationState {
    const changed = this.#status !== status;
    this.#status = status;
    this.#keepTime();
    return changed ? this.#publishState() : this.state;
  }

  /** Time passes while it runs, and while a turn is taken step by step. */
  #keepTime(): void {
    if (this.#status === 'running' || this.#steps.length > 0) this.#timeline.run();
    else this.#timeline.stop();
  }

  #publishState(): SimulationState {
    const { state } = this;
    void this.#events.send('simulation_state', state);
    return state;
  }

  #newRun(seed: number): Run {
    const { responder = scriptedResponder, sentiment, logger } = this.#options;
    const run: Run = new Run({
      seed,
      responder,
      sentiment,
      logger,
      events: this.#events,
      clock: this.#clock,
      timeline: this.#timeline,
      onAnswer: (choice) => {
        if (run === this.#run && !this.#closed) this.inject(choice);
      },
    });
    return run;
  }

  #assertOpen(): void {
    if (this.#closed) throw new EventsError('CLOSED', `The simulation on topic ${this.topic} is closed.`);
  }
}

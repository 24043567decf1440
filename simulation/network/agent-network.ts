import { EventsError } from '../../shared/index.ts';
import type { EventOutlet } from '../agent/event-outlet.ts';
import { ARCHETYPE_IDS } from '../archetypes.ts';
import { type Clock, systemClock } from '../clock.ts';
import { CommunicationMatrix, type CommunicationStats } from './communication-matrix.ts';
import { EMERGENCY_LIMITS, type EmergencyLimits, type ModeState, nextMode } from './emergency.ts';
import { isOpen, type Mode, type Path, PSYCHE_PATHS } from './paths.ts';

/** A message on its way from one agent to another. */
export interface NetworkMessage {
  readonly from: string;
  readonly to: string;
  readonly text: string;
}

/** A path as `network_update` shows it. */
export interface PathStrength {
  from: string;
  to: string;
  /** 0 to 1: messages in its queue, of the 100 it can hold. */
  strength: number;
  /** True if it may be used now. */
  is_active: boolean;
  type: Path['type'];
}

/** Options of an {@link AgentNetwork}. */
export interface AgentNetworkOptions {
  /** Publishes updates of the network. */
  events: EventOutlet;
  /** Ids of the agents. Default: the five archetypes. */
  agents?: readonly string[];
  /** Default: the paths of the psyche. */
  paths?: readonly Path[];
  emergency?: Partial<EmergencyLimits>;
  /** Measures the hold of emergency mode. Default: the time of this machine. */
  clock?: Pick<Clock, 'now'>;
}

interface Route {
  readonly path: Path;
  readonly queue: PathQueue<NetworkMessage & { readonly order: number }>;
}

/** The paths between agents, what was said on each, and the mode: normal or emergency. */
export class AgentNetwork {
  readonly agents: readonly string[];
  readonly #events: EventOutlet;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #limits: EmergencyLimits;
  readonly #routes: readonly Route[];
  readonly #matrix: CommunicationMatrix;
  #state: ModeState;
  #stagnation = 0;

  constructor(options: AgentNetworkOptions) {
    const { events, agents = ARCHETYPE_IDS, paths = PSYCHE_PATHS, emergency, clock = systemClock } = options;
    for (const { from, to } of paths) {
      if (agents.includes(from) && agents.includes(to)) continue;
      throw new TypeError(`AgentNetwork: the path ${from} → ${to} names an agent that is not in \`agents\``);
    }
    this.agents = agents;
    this.#events = events;
    this.#clock = clock;
    this.#limits = { ...EMERGENCY_LIMITS, ...emergency };
    this.#routes = paths.map((path) => ({ path, queue: new PathQueue() }));
    this.#matrix = new CommunicationMatrix(agents);
    this.#state = { mode: 'normal', since: clock.now() };
  }

  get mode(): Mode {
    return this.#state.mode;
  }

  /** As last told to {@link updateConversationState}. */
  get stagnation(): number {
    return this.#stagnation;
  }

  /** Tells if a path leads from one agent to the other and is open in the present mode. */
  canSend(from: string, to: string): boolean {
    return this.#openRoute(from, to) !== undefined;
  }

  /**
   * Puts a message into the queue of its path, counts it, and broadcasts `network_update` (`message_sent`).
   * @param sentiment the message's score, −1 to 1, for the update's details
   * @throws EventsError INVALID_OPTION when no open path leads from one to the other
   */
  sendMessage(
    from: string,
    to: string,
    text: string,
    { sentiment }: { sentiment?: number } = {},
  ): NetworkMessage {
    const route = this.#openRoute(from, to);
    if (!route) throw this.#noPath(from, to);
    const message = { from, to, text };
    route.queue.push({ ...message, order: this.#matrix.total });
    this.#matrix.count(from, to);
    this.#broadcast('message_sent', {
      from,
      to,
      queue_size: route.queue.size,
      ...(sentiment === undefined ? {} : { sentiment }),
    });
    return message;
  }

  /**
   * Takes note of how the conversation goes, and begins or ends emergency mode by it: on above 0.6, off below 0.48
   * once it has lasted 15 s. A switch is broadcast (`emergency_mode_activated`, `emergency_mode_deactivated`).
   * @param state.stagnation 0 to 1
   */
  updateConversationState({ stagnation }: { stagnation: number }): Mode {
    if (!(stagnation >= 0 && stagnation <= 1)) {
      throw new TypeError('AgentNetwork.updateConversationState: stagnation must be a number from 0 to 1');
    }
    this.#stagnation = stagnation;
    const before = this.#state.mode;
    this.#state = nextMode(this.#state, stagnation, this.#clock.now(), this.#limits);
    const { mode } = this.#state;
    if (mode !== before) {
      const active = mode === 'emergency';
      this.#broadcast(active ? 'emergency_mode_activated' : 'emergency_mode_deactivated', {
        stagnation,
        threshold: active ? this.#limits.on : this.#limits.off,
      });
    }
    return mode;
  }

  /** Broadcasts the network as it is (`network_ready`), for viewers who have not seen it yet. */
  announce(): void {
    this.#broadcast('network_ready', {});
  }

  /** The messages that wait for an agent, at most 100 per path, in the order they were sent. */
  getMessages(to: string): NetworkMessage[] {
    return this.#routes
      .filter(({ path }) => path.to === to)
      .flatMap(({ queue }) => queue.items())
      .sort((a, b) => a.order - b.order)
      .map(({ from, to, text }) => ({ from, to, text }));
  }

  /** Every path with its strength, and whether it is open. */
  getConnections(): PathStrength[] {
    return this.#routes.map(({ path, queue }) => ({
      from: path.from,
      to: path.to,
      strength: queue.strength,
      is_active: isOpen(path, this.mode),
      type: path.type,
    }));
  }

  /** Messages sent and received by each agent. */
  getStats(): CommunicationStats {
    return this.#matrix.perAgent();
  }

  /** Messages from each agent to each agent. */
  getCommunicationMatrix(): Record<string, Record<string, number>> {
    return this.#matrix.toRecord();
  }

  #openRoute(from: string, to: string): Route | undefined {
    return this.#routes.find(({ path }) => path.from === from && path.to === to && isOpen(path, this.mode));
  }

  #noPath(from: string, to: string): EventsError {
    const open = this.agents.filter((agent) => this.canSend(from, agent));
    const hint = open.length > 0 ? `It can speak to: ${open.join(', ')}.` : 'It can speak to nobody.';
    return new EventsError(
      'INVALID_OPTION',
      `No open path leads from ${from} to ${to} in ${this.mode} mode. ${hint}`,
    );
  }

  #broadcast(event_type: string, details: Record<string, string | number>): void {
    void this.#events.send('network_update', {
      connections: this.getConnections(),
      communication_stats: this.getStats(),
      event_type,
      details: { ...details, mode: this.mode },
    });
  }
}

/** Messages that a path holds. */
export const QUEUE_LIMIT = 100;

/** The latest messages of one path, oldest first; a full queue forgets its oldest. */
class PathQueue<T> {
  readonly #items: T[] = [];

  get size(): number {
    return this.#items.length;
  }

  /** Use of a path, 0 to 1. */
  get strength(): number {
    return Math.min(this.#items.length / QUEUE_LIMIT, 1);
  }

  push(item: T): void {
    this.#items.push(item);
    if (this.#items.length > QUEUE_LIMIT) this.#items.shift();
  }

  items(): readonly T[] {
    return this.#items;
  }
}

import type { Clock } from '../clock.ts';
import type { EventOutlet } from './event-outlet.ts';
import type { ResponderError } from './responder.ts';

/** Shortest time between two updates of one agent, ms of the real world. */
const UPDATE_INTERVAL_MS = 100;

export interface ReportedTurn {
  agent_id: string;
  agent_type: string;
  to: string;
  turn: number;
}

/** Tells viewers of one answer while it is produced, as `agent_processing`. */
export class ProcessingReport {
  readonly #turn: ReportedTurn;
  readonly #events: EventOutlet;
  readonly #clock: Clock;
  #updatedAt = Number.NEGATIVE_INFINITY;
  #updating = false;

  constructor(turn: ReportedTurn, events: EventOutlet, clock: Clock) {
    this.#turn = turn;
    this.#events = events;
    this.#clock = clock;
  }

  started(): void {
    void this.#events.send('agent_processing', { ...this.#turn, status: 'started' });
  }

  /**
   * Left out when the last one is too young or not stored yet: the next has all of the text, so nothing is lost, and
   * no queue of updates can build up before a message.
   */
  update(text: string): void {
    const now = this.#clock.now();
    if (this.#updating || now - this.#updatedAt < UPDATE_INTERVAL_MS) return;
    this.#updatedAt = now;
    this.#updating = true;
    void this.#events.send('agent_processing', { ...this.#turn, status: 'update', text }).then(() => {
      this.#updating = false;
    });
  }

  complete(latencyMs: number): void {
    void this.#events.send('agent_processing', { ...this.#turn, status: 'complete', latency_ms: latencyMs });
  }

  error({ reason, message }: ResponderError): void {
    void this.#events.send('agent_processing', { ...this.#turn, status: 'error', reason, message });
  }
}

import type { Clock } from '../clock.ts';
import type { EventOutlet, GrowingAnswer } from './event-outlet.ts';
import type { ResponderError } from './responder.ts';

/** Shortest time between two pieces of one answer, ms of the real world. */
export const PIECE_INTERVAL_MS = 100;
/** Longest reason that a settlement has. */
const LONGEST_REASON = 1000;

export interface ReportedTurn {
  agent_id: string;
  agent_type: string;
  to: string;
  turn: number;
}

/** Tells viewers of one answer while it is produced, as an `agent_processing` that grows. */
export class ProcessingReport {
  readonly #turn: ReportedTurn;
  readonly #events: EventOutlet;
  readonly #clock: Clock;
  #answer: GrowingAnswer | undefined;
  #toldAt = Number.NEGATIVE_INFINITY;
  /** Length of the text that was told. */
  #told = 0;

  constructor(turn: ReportedTurn, events: EventOutlet, clock: Clock) {
    this.#turn = turn;
    this.#events = events;
    this.#clock = clock;
  }

  started(): void {
    this.#answer = this.#events.begin({ ...this.#turn, text: '' });
  }

  /** @param text all of the answer so far; what is new in it waits where the last piece is too young */
  update(text: string): void {
    const now = this.#clock.now();
    if (now - this.#toldAt < PIECE_INTERVAL_MS) return;
    this.#toldAt = now;
    this.#tell(text);
  }

  /** @param text all of the answer @param sent its message, which comes before */
  complete(text: string, sent: Promise<void>): void {
    this.#tell(text);
    this.#answer?.done(sent);
  }

  /** Resolves when that is told, or cannot be. */
  async error({ reason, message }: ResponderError): Promise<void> {
    await this.#answer?.abort(`${reason}: ${message}`.slice(0, LONGEST_REASON));
  }

  #tell(text: string): void {
    if (text.length > this.#told) this.#answer?.append(text.slice(this.#told));
    this.#told = Math.max(this.#told, text.length);
  }
}

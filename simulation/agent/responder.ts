import type { FailureReason } from '../catalog.ts';
import type { Clock } from '../clock.ts';
import type { NetworkMessage } from '../network/agent-network.ts';
import type { Mode } from '../network/paths.ts';
import type { Random } from '../random.ts';

/** A request for an agent's words. */
export interface ResponseRequest {
  /** Id of the agent that speaks. */
  readonly from: string;
  /** Id of the agent it speaks to. */
  readonly to: string;
  readonly mode: Mode;
  /** Stagnation: the degree to which the conversation goes round in circles, 0 to 1. */
  readonly stagnation: number;
  /** The latest of the conversation, oldest first. */
  readonly heard: readonly NetworkMessage[];
  /** Words to the agents from outside, if this one has not answered them yet. */
  readonly stimulus: string | null;
  /** Time that the answer should take, in ms of the run's clock; a responder that works in real time need not care. */
  readonly paceMs: number;
  /** Aborted when the answer is not wanted any more. */
  readonly signal: AbortSignal;
}

/** A source of agents' words. */
export interface Responder {
  /**
   * The answer, piece by piece as it is produced; the pieces together are the message.
   * @throws ResponderError while it is iterated
   */
  respond(request: ResponseRequest): AsyncIterable<string>;
}

/** Makes the responder of one run. All of its chance and waiting comes from here, so that one seed is one run. */
export type ResponderFactory = (run: { random: Random; clock: Clock }) => Responder;

/** An answer that did not come, and why. */
export class ResponderError extends Error {
  override readonly name = 'ResponderError';
  readonly reason: FailureReason;

  /** @param message for viewers too: it may not hold keys or internals */
  constructor(reason: FailureReason, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.reason = reason;
  }
}

import { EventsError } from '../../shared/errors.ts';
import { closeCodeOf, MESSAGE_TOO_BIG, rootOf } from '../failures/connection-loss.ts';
import type { EncodedInput } from './encoding.ts';
import { isLarge } from './transports/socket.ts';

/**
 * Inputs that the server has not taken yet. A message that is too large closes the connection of all of them, and would do so
 * again: the largest is refused, and the others are sent again. One that is not large is refused when it was the largest twice.
 */
export class Untaken {
  /** Inputs that were sent, and are neither taken nor given up. */
  readonly inputs = new Set<EncodedInput | undefined>();
  /** The end of the connection that was judged last. */
  #loss: unknown;
  #largest: EncodedInput | undefined;
  #refused: EncodedInput | undefined;

  /** The error of an input that may be why a connection is lost; undefined where another one is refused for it, or none. */
  refusal(
    path: string,
    input: EncodedInput | undefined,
    cause: unknown,
    advice = 'Send smaller events or batches, or use createPublisher over http.',
  ): EventsError | undefined {
    if (closeCodeOf(cause) !== MESSAGE_TOO_BIG) return undefined;
    this.#judge(rootOf(cause));
    if (!input || input !== this.#refused) return undefined;
    const message = `${path}: the server accepts no message that large over a WebSocket. ${advice}`;
    return new EventsError('INVALID_OPTION', message, { cause });
  }

  /** Judges a loss once, when the first of those that it has hit hears of it. */
  #judge(loss: unknown): void {
    if (loss === this.#loss) return;
    this.#loss = loss;
    const before = this.#largest;
    this.#largest = undefined;
    let most = 0;
    for (const input of this.inputs) {
      const bytes = input ? bytesOf(input) : 0;
      if (bytes > most) [most, this.#largest] = [bytes, input];
    }
    this.#refused = this.#largest === before || isLarge(most) ? this.#largest : undefined;
  }
}

/** Bytes of its text, by which a server measures. */
function bytesOf({ wire }: EncodedInput): number {
  return new TextEncoder().encode(JSON.stringify(wire)).length;
}

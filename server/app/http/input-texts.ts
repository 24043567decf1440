import { EventsError } from '../../../shared/errors.ts';
import { roundedIn } from '../../../shared/wire/exact-json.ts';
import { checkValues } from '../../../shared/wire/input-text.ts';
import { MessageTurns, weightOf } from '../../broadcaster/core/message-turns.ts';
import { toTRPCError } from '../../trpc/errors.ts';

/**
 * Gives tRPC the texts of bodies to parse. It asks for one when a call was let in and not before, and is given it as the
 * turns of the event loop allow, as the messages of WebSockets are: what a large one costs to look at, parse and validate
 * comes in a turn of its own, so that thirty that come at once do not hold everybody up thirty times as long.
 */
export class InputTexts {
  readonly #turns = new MessageTurns();

  /**
   * The same request, whose `text()` is a body that was read already.
   * @returns a request whose `text()` rejects with a TRPCError for more values than an input may have, and for whole
   * numbers that JavaScript would round: they would be stored as others, and whoever published them would not be told
   */
  give(request: Request, body: string): Request {
    return Object.defineProperty(request, 'text', { value: () => this.#read(body) });
  }

  async #read(body: string): Promise<string> {
    await this.#turn(body.length);
    try {
      checkValues(body);
      refuseRounded(body);
    } catch (error) {
      throw error instanceof EventsError ? toTRPCError(error) : error;
    }
    return body;
  }

  #turn(length: number): Promise<void> {
    return new Promise((resolve) => {
      const step = (): boolean => {
        resolve();
        return false;
      };
      this.#turns.work({ weight: weightOf(length), step });
    });
  }
}

/** @throws EventsError INVALID_EVENT */
function refuseRounded(body: string): void {
  const [number] = roundedIn(body);
  if (number === undefined) return;
  const message = `The number ${number.slice(0, 40)} is beyond 2^53 and would be rounded: send it as text, or annotated as a bigint.`;
  throw new EventsError('INVALID_EVENT', message, { issues: [{ path: ['data'], message }] });
}

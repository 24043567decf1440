import { EventsError } from '../../../shared/errors.ts';
import { checkValues, firstRounded } from '../../../shared/wire/json-text.ts';
import { MessageTurns, weightOf } from '../../broadcaster/core/message-turns.ts';
import { toTRPCError } from '../../trpc/errors.ts';

const UTF_8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Gives tRPC the texts of bodies to parse. It asks for one when a call was let in and not before, and is given it as the
 * turns of the event loop allow, as the messages of WebSockets are: what a large one costs to look at, parse and validate
 * comes in a turn of its own, so that thirty that come at once do not hold everybody up thirty times as long.
 */
export class InputTexts {
  readonly #turns = new MessageTurns();

  /**
   * Gives a request a `text()` that is a body that was read already.
   * @returns a request whose `text()` rejects with a TRPCError for more values than an input may have, and for what would
   * be stored as something else without a word to whoever published it: whole numbers that JavaScript would round, and
   * text that is not UTF-8
   */
  give(request: Request, body: Uint8Array): Request {
    return Object.defineProperty(request, 'text', { value: () => this.#read(body) });
  }

  async #read(body: Uint8Array): Promise<string> {
    await this.#turn(body.length);
    try {
      const text = textOf(body);
      checkValues(text);
      refuseRounded(text);
      return text;
    } catch (error) {
      throw error instanceof EventsError ? toTRPCError(error) : error;
    }
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

/** The text, without a mark of its byte order. @throws EventsError INVALID_OPTION */
function textOf(body: Uint8Array): string {
  try {
    return UTF_8.decode(body);
  } catch {
    const message = 'JSON is sent as UTF-8, and this body is not';
    throw new EventsError('INVALID_OPTION', message, { issues: [{ path: [], message }] });
  }
}

/** @throws EventsError INVALID_EVENT */
function refuseRounded(body: string): void {
  const number = firstRounded(body);
  if (number === undefined) return;
  const message = `The number ${number.slice(0, 40)} is beyond 2^53 and would be rounded: send it as text, or annotated as a bigint.`;
  throw new EventsError('INVALID_EVENT', message, { issues: [{ path: ['data'], message }] });
}

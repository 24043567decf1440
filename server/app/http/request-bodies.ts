import { TRPCError } from '@trpc/server';
import { EventsError } from '../../../shared/errors.ts';
import { checkValues, firstRounded } from '../../../shared/wire/json-text.ts';
import { MessageTurns } from '../../broadcaster/core/message-turns.ts';
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
    await this.#turns.turn(body.length);
    try {
      const text = textOf(body);
      checkValues(text);
      refuseRounded(text);
      return text;
    } catch (error) {
      throw error instanceof EventsError ? toTRPCError(error) : error;
    }
  }
}

/** The text, without a mark of its byte order. @throws EventsError INVALID_OPTION */
function textOf(body: Uint8Array): string {
  try {
    return UTF_8.decode(body);
  } catch {
    const message = 'The body is not UTF-8: send JSON as UTF-8';
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

/** Parts of one form. */
const MAX_PARTS = 100;
/** Bytes of the heads of all parts. */
const MAX_HEAD_BYTES = 16 * 1024;

/** The parameter of a form's type of content, as RFC 2046 has it. */
const BOUNDARY = /;\s*boundary=(?:"([^"\\]{1,70})"|([^\s;"]{1,70}))\s*(?:;|$)/i;

/**
 * A request whose body is a form that has been read. Reading its parts is left to whatever asks for them, with the same
 * boundary as here: 1 MiB of the smallest files would hold up everybody for seconds.
 * @throws EventsError TOO_LARGE for more parts, or longer heads of them, than a form may have; TRPCError where no boundary
 *   is named
 */
export function requestOfForm({ url, method, headers, signal }: Request, body: Buffer): Request {
  const [, quoted, plain] = BOUNDARY.exec(headers.get('content-type') ?? '') ?? [];
  const boundary = quoted ?? plain;
  if (boundary === undefined)
    throw new TRPCError({
      code: 'BAD_REQUEST',
      message: 'The content-type of a form must name its boundary',
    });
  checkParts(body, boundary);
  const sent = new Headers(headers);
  sent.set('content-type', `multipart/form-data; boundary="${boundary}"`);
  return new Request(url, { method, headers: sent, signal, body: new Uint8Array(body) });
}

function checkParts(body: Buffer, boundary: string): void {
  let parts = 0;
  let headBytes = 0;
  for (let at = body.indexOf(boundary); at >= 0; ) {
    const from = at + boundary.length;
    const next = body.indexOf(boundary, from);
    const part = body.subarray(from, next < 0 ? body.length : next);
    const head = part.indexOf('\r\n\r\n');
    headBytes += head < 0 ? part.length : head;
    if (++parts > MAX_PARTS + 1 || headBytes > MAX_HEAD_BYTES) {
      const message = `A form may have up to ${MAX_PARTS} parts, and ${MAX_HEAD_BYTES / 1024} KiB of names and headers: send fewer parts`;
      throw new EventsError('TOO_LARGE', message);
    }
    at = next;
  }
}

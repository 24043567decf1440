import { isRecord } from '../../../shared/wire/shapes.ts';

/** Replaces a message that is none: tRPC's client has no request of this id, and ignores it. */
const NOBODYS = { id: null };

/**
 * Messages as JSON, for tRPC's client. It would throw in a listener of the socket at anything that is no message of
 * tRPC: in Node, an exception that nobody catches ends the process.
 *
 * @param onForeign told of each message that is none, since whatever answers speaks another protocol; and of each that
 * is `bare`: what it brings is not in the wrapping of the transformer
 */
export function messageEncoder(onForeign: (why: 'foreign' | 'bare') => void) {
  return {
    encode: (message: unknown): string => JSON.stringify(message),
    /** @param data text, or what a stream of events has parsed already */
    decode: (data: unknown): unknown => {
      const message = parseMessage(data);
      const why = whyUnreadable(message);
      if (why === undefined) return withOwnId(message);
      onForeign(why);
      return NOBODYS;
    },
  };
}

/**
 * A cursor that is like no other, though it is written as others are. While it moves to another connection, tRPC's client
 * takes two items of one id for one that came twice; but all that is no record has the cursor of the last one [D6].
 */
class Place {
  static #count = 0;
  readonly #cursor: string;
  readonly #name = `${++Place.#count}`;

  constructor(cursor: string) {
    this.#cursor = cursor;
  }

  /** A name by which tRPC's client tells it from others. */
  toString(): string {
    return this.#name;
  }

  /** The cursor, as it is sent back to resume. */
  toJSON(): string {
    return this.#cursor;
  }
}

function withOwnId(message: unknown): unknown {
  const result = isRecord(message) ? message['result'] : undefined;
  if (isRecord(result) && typeof result['id'] === 'string') result['id'] = new Place(result['id']);
  return message;
}

/** @param data text, or what a stream of events has parsed already. @returns undefined where the text is no JSON */
export function parseMessage(data: unknown): unknown {
  if (typeof data !== 'string') return data;
  try {
    return JSON.parse(data);
  } catch {
    return undefined;
  }
}

/** Why tRPC's client would throw at a message, or read nothing in it. */
function whyUnreadable(message: unknown): 'foreign' | 'bare' | undefined {
  if (!isRecord(message)) return 'foreign';
  const { method, result, error } = message;
  if (typeof method === 'string') return undefined;
  if (error === undefined) {
    if (!isRecord(result)) return 'foreign';
    const { type = 'data', data } = result;
    return type !== 'data' || isWrapped(data) ? undefined : 'bare';
  }
  if (!isWrapped(error)) return hasCode(error) ? 'bare' : 'foreign';
  return hasCode(error['json']) ? undefined : 'foreign';
}

/** Tells if a value is in the wrapping of superjson. */
function isWrapped(value: unknown): value is Record<string, unknown> {
  return isRecord(value) && Object.hasOwn(value, 'json');
}

/** tRPC's client needs a code in each error. */
function hasCode(error: unknown): boolean {
  return isRecord(error) && typeof error['code'] === 'number';
}

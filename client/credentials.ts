import { EventsError } from '../shared/errors.ts';
import { toError } from './to-error.ts';

/** A token for the server, or what fetches one: it is asked for each connection, so a fresh one follows an expired. */
export type Token = string | (() => string | Promise<string>);

/** What an HTTP header can hold. */
const HEADER_TEXT = /^[ -~]*$/;

/**
 * The token of now.
 * @throws EventsError UNAVAILABLE when it cannot be had, which may pass; INVALID_OPTION when it is none
 */
export async function askToken(token: Token): Promise<string> {
  let value: unknown;
  if (typeof token !== 'string' && typeof token !== 'function') throw noToken(token);
  try {
    value = typeof token === 'string' ? token : await token();
  } catch (thrown) {
    const cause = toError(thrown);
    throw new EventsError('UNAVAILABLE', `No token could be had: ${cause.message}`, { cause });
  }
  if (typeof value === 'string') return value.trim(); // read from a file it ends with a line
  throw noToken(value);
}

function noToken(value: unknown): EventsError {
  return new EventsError('INVALID_OPTION', `token must be text, or a function of text, not ${typeof value}.`);
}

/** The header that carries a token. @throws EventsError as {@link askToken} */
export async function authorizationOf(token: Token): Promise<string> {
  const text = await askToken(token);
  if (HEADER_TEXT.test(text)) return `Bearer ${text}`;
  throw new EventsError('INVALID_OPTION', 'token must be of visible ASCII characters: it goes in a header.');
}

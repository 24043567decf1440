import { EventsError } from '../../shared/errors.ts';
import { toError } from '../failures/errors.ts';
import { definedOnly } from './encoding.ts';

/** A value, or a function that fetches it anew for each connection or request: an expired value is replaced by a fresh one. */
export type Asked<T> = T | (() => T | Promise<T>);

/** Names and texts; undefined ones are left out. */
type Texts = Readonly<Record<string, string | undefined>>;

/** A token for the server, or a function that fetches it anew for each connection: an expired token is replaced by a fresh one. */
export type Token = Asked<string>;

/** Values that your own context reads as `info.connectionParams`, or a function that fetches them for each connection anew. */
export type ConnectionParams = Asked<Texts>;

/** Headers for your own context, or a function that fetches them anew for each request. */
export type RequestHeaders = Asked<Texts>;

/** Characters that an HTTP header can hold. */
const HEADER_TEXT = /^[ -~]*$/;

/**
 * Asks for the token.
 * @throws EventsError UNAVAILABLE when it cannot be had, which may pass; INVALID_OPTION when it is none
 */
async function askToken(token: Token): Promise<string> {
  const value = await ask('token', token);
  if (typeof value === 'string') return value.trim(); // a token that was read from a file ends with a line break
  throw new EventsError(
    'INVALID_OPTION',
    `token must be text, or a function that returns text, not ${typeof value}.`,
  );
}

/** Resolves with the parameters of a connection's first message, or null when there are none. @throws EventsError as {@link askToken} */
export async function askParams(
  params: ConnectionParams | undefined,
  token: Token | undefined,
): Promise<Record<string, string> | null> {
  if (params === undefined && token === undefined) return null;
  const own = params === undefined ? {} : await askTexts('connectionParams', params);
  return token === undefined ? own : { ...own, token: await askToken(token) };
}

/** The headers of a request over HTTP. @throws EventsError as {@link askToken} */
export async function askHeaders(
  headers: RequestHeaders | undefined,
  token: Token | undefined,
): Promise<Record<string, string>> {
  const own = toHeaders(headers === undefined ? {} : await askTexts('headers', headers));
  if (token !== undefined) own.set('authorization', await authorizationOf(token));
  return Object.fromEntries(own);
}

async function authorizationOf(token: Token): Promise<string> {
  const text = await askToken(token);
  if (HEADER_TEXT.test(text)) return `Bearer ${text}`;
  throw new EventsError('INVALID_OPTION', 'token must have only visible ASCII characters.');
}

function toHeaders(texts: Record<string, string>): Headers {
  try {
    return new Headers(texts);
  } catch (thrown) {
    const cause = toError(thrown);
    throw new EventsError('INVALID_OPTION', `headers cannot be sent: ${cause.message}`, { cause });
  }
}

async function askTexts(option: string, asked: Asked<Texts>): Promise<Record<string, string>> {
  const value = await ask(option, asked);
  const texts = typeof value === 'object' && value !== null ? definedOnly(value) : null;
  if (isTexts(texts)) return texts;
  throw new EventsError(
    'INVALID_OPTION',
    `${option} must be an object of texts, such as { version: "1" }, or a function that returns one.`,
  );
}

function isTexts(value: object | null): value is Record<string, string> {
  return value !== null && Object.values(value).every((each) => typeof each === 'string');
}

async function ask(option: string, asked: Asked<string> | Asked<Texts>): Promise<unknown> {
  try {
    return typeof asked === 'function' ? await asked() : asked;
  } catch (thrown) {
    const cause = toError(thrown);
    throw new EventsError('UNAVAILABLE', `Could not get ${option}: ${cause.message}`, { cause });
  }
}

import { EventsError } from '../../shared/errors.ts';
import type { CloseCode } from '../../shared/protocol.ts';

/** The close code of a socket that was closed without one. */
export const NO_CODE = 1005;
/** The close code of a socket that ended without a close frame. */
export const NO_CLOSE = 1006;
/** The close code of a message that is larger than a server takes. */
export const MESSAGE_TOO_BIG = 1009 satisfies typeof CloseCode.MESSAGE_TOO_BIG;
/** Close codes that give no reason. */
export const NO_WORDS = [NO_CODE, NO_CLOSE];

/** The close code of a connection without a token that is let in; as a number, since the table of codes is not needed here. */
const UNAUTHENTICATED = 4501 satisfies typeof CloseCode.UNAUTHENTICATED;

/**
 * Codes of Node's errors that no waiting mends: the certificate is not one for that address, TLS meets a server without
 * it, or whatever answers speaks no HTTP.
 */
const WRONG_ADDRESS =
  /^(?:CERT_|ERR_TLS_|ERR_SSL_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_MISMATCH|HPE_|EPROTO$)/;

/** The platform's word for a port that is another protocol's, such as 6000. */
const BAD_PORT = 'bad port';

/** The error of a connection that is lost, for `state.error`. Its code is UNAVAILABLE, unless the cause has one. */
export function lossError(error: Error, url: string): EventsError {
  const code = error instanceof EventsError ? error.code : 'UNAVAILABLE';
  return new EventsError(code, `No connection: ${describeLoss(error, url)}`, { cause: error });
}

/** Codes of Node's errors of a server that could not be connected to. */
const NOT_CONNECTED = /^(?:ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH)$/;

/** Tells if a request surely was not sent, since there was no server to connect to. Browsers do not tell. */
export function isUnsent(error: unknown): boolean {
  return NOT_CONNECTED.test(codeOf(error));
}

/** Tells if nothing answered because the address is wrong. A name that DNS does not know is none: it may learn it later. */
export function isWrongAddress(error: unknown): boolean {
  const { message } = partsOf(error);
  return message === BAD_PORT || WRONG_ADDRESS.test(codeOf(error)); // a port that fetch refuses to ask
}

function codeOf(error: unknown): string {
  return String(partsOf(error).code);
}

/** The code that a call's socket was closed with, if that is why it failed. */
export function closeCodeOf(error: unknown): number | undefined {
  const { code } = partsOf(error);
  // An error may have a number too: a DOMException, such as that of a timeout.
  return typeof code === 'number' && !(rootOf(error) instanceof Error) ? code : undefined;
}

/** Tells if an attempt failed before the server was asked, for lack of a token for example: the network is not the cause. */
export function isOwnFailure(error: unknown): boolean {
  return error instanceof EventsError || (error instanceof Error && isOwnFailure(error.cause));
}

/** Describes the end of a chain of causes in words. @param url of the server, where it is not told beside them */
export function describeLoss(error: unknown, url = 'this address'): string {
  const closeCode = closeCodeOf(error);
  const { code, reason = '', message } = partsOf(error);
  if (closeCode !== undefined) return describeClose(closeCode, String(reason));
  if (message === BAD_PORT) return `fetch refuses the port of ${url}: serve at another one`;
  if (message) {
    const text = String(message).trim();
    if (!text.includes('wrong version number')) return text;
    return 'the server speaks no TLS: use http:// or ws:// instead of https:// or wss://';
  }
  // Node's word for a host of which every address was refused has no message.
  return typeof code === 'string' ? code : 'the server cannot be reached';
}

/** The credentials of a connection that was closed, and what the server said to them before. */
interface Refused {
  params: Record<string, string> | null;
  /** Empty where nothing is known. */
  words: string;
}

/** The error of a connection that the server closed with a code that forbids to come back. */
export function endError(code: number, reason: string, { params, words }: Refused): EventsError {
  const close = describeClose(code, reason);
  if (code !== UNAUTHENTICATED)
    return new EventsError('CLOSED', `The server ended the connection for good: ${close}`);
  const [refused, advice] =
    params === null
      ? ['a client without a token', 'Pass token.']
      : 'token' in params
        ? ['the token', 'Pass a token that is valid there, or a function that fetches a fresh one.']
        : ['the connectionParams', 'Pass token, or others.'];
  return new EventsError(
    'UNAUTHENTICATED',
    `The server refused ${refused} (${close}). ${words && `It says: ${words} `}${advice}`,
  );
}

function describeClose(code: number, reason: string): string {
  return `closed with ${code}${reason && ` ${reason}`}`;
}

/** The parts of a loss that tell of it: of a socket's close event, of an error, or of anything else that was thrown. */
function partsOf(error: unknown): { code?: unknown; reason?: unknown; message?: unknown } {
  const cause = rootOf(error);
  return typeof cause === 'object' && cause !== null ? cause : { message: String(cause) };
}

/** The end of a chain of causes. */
export function rootOf(error: unknown): unknown {
  let cause = error;
  while (cause instanceof Error && cause.cause !== undefined) cause = cause.cause;
  return cause;
}

/** The error where tRPC answers calls over HTTP, and no WebSocket opens. */
export function noUpgrade(url: string): EventsError {
  return new EventsError(
    'UNAVAILABLE',
    `tRPC answers at ${url} over HTTP, but the server refused the WebSocket, or a proxy does not pass on Upgrade and Connection, or the server has no Broadcaster`,
  );
}

/** The error of an address where another program answers, or a tRPC whose answers have no transformer's wrapping. */
export function foreignError(url: string, why: 'foreign' | 'bare' = 'foreign'): EventsError {
  const fault =
    why === 'bare'
      ? 'has no transformer of psyche-events: initTRPC.create({ transformer })'
      : 'speaks another protocol than tRPC: check url and path';
  return new EventsError('INVALID_OPTION', `${url} ${fault}`);
}

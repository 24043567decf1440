import { EventsError } from './errors.ts';

/**
 * WebSocket close codes of the project [D13]: 4000–4499 may reconnect, 4500–4999 must not.
 * Codes below 4000 are RFC 6455's own.
 */
export const CloseCode = {
  /** The server is going away (restart, deploy): reconnect after a jittered wait. RFC 6455. */
  GOING_AWAY: 1001,
  /** A message was larger than the server accepts. RFC 6455. */
  MESSAGE_TOO_BIG: 1009,
  /** Nothing arrived within the first-message timeout. */
  HANDSHAKE_TIMEOUT: 4000,
  /** The reader stayed behind for too long; reconnect and resume from the last cursor [D9]. */
  SLOW_CONSUMER: 4008,
  /** The token expired: fetch a fresh one, reconnect and resume. */
  TOKEN_EXPIRED: 4401,
  /** The first message announced connection params and is none, or has some that are no text: they will not be better the next time. */
  INVALID_PARAMS: 4500,
  /** No token, or a wrong one; connecting again with it changes nothing. */
  UNAUTHENTICATED: 4501,
  /** Not allowed; connecting again changes nothing. */
  FORBIDDEN: 4503,
  /** The client names a version of the protocol that this server does not speak. */
  UNKNOWN_VERSION: 4505,
} as const;
export type CloseCode = (typeof CloseCode)[keyof typeof CloseCode];

/** Tells if a client may connect again after a socket closed with this code [D13]. */
export function mayReconnect(code: number): boolean {
  return code < 4500 || code > 4999;
}

/**
 * Version of the wire: what PROTOCOL.md describes, and its "History" tells of each version. It rises when a client that
 * was written for the version before could break, or lose a promise; never for what such a client may ignore.
 */
export const PROTOCOL_VERSION = 1;

/**
 * Header of every HTTP answer, upgrades included, with the server's {@link PROTOCOL_VERSION}. A client may name the
 * version it was written for under the same name: as a header over HTTP, as a connection param over a WebSocket.
 */
export const PROTOCOL_HEADER = 'psyche-protocol';

/**
 * Lets a client in that names this version, or none.
 * @throws EventsError UNKNOWN_VERSION
 */
export function requireSpokenVersion(named: string | undefined): void {
  if (named === undefined || named === String(PROTOCOL_VERSION)) return;
  throw new EventsError(
    'UNKNOWN_VERSION',
    `This server speaks version ${PROTOCOL_VERSION} of the protocol, not ${JSON.stringify(named.slice(0, 20))}: use a client of that version.`,
  );
}

/** The topic of everything that names none. */
export const DEFAULT_TOPIC = 'default';

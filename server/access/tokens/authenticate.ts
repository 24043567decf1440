import type { IncomingHttpHeaders } from 'node:http';
import { EventsError } from '../../../shared/errors.ts';
import type { Subject } from './subject.ts';

/** Credentials that a connection or request brought. */
export interface Credentials {
  /** The token: of the connection params, an `Authorization: Bearer` header, or a cookie of an allowed origin. */
  readonly token: string | undefined;
  /** First message of a WebSocket client; null where none was announced, and over HTTP. */
  readonly connectionParams: Readonly<Record<string, string | undefined>> | null;
  readonly headers: IncomingHttpHeaders;
  /** The client's address: the peer's, or what a trusted proxy forwards for. */
  readonly remoteAddress: string;
}

/**
 * Tells who asks; called once per WebSocket and once per HTTP request.
 * @throws EventsError UNAUTHENTICATED (the client must not try again), TOKEN_EXPIRED (it should, with a fresh token),
 * UNAVAILABLE (it should, later). Whatever else it throws is a fault of the server.
 */
export type Authenticate = (credentials: Credentials) => Subject | Promise<Subject>;

/** The error for a token that is missing or wrong. It never carries the token. */
export function unauthenticated(message: string, cause?: unknown): EventsError {
  return new EventsError('UNAUTHENTICATED', message, { cause });
}

/** Longest token that is looked at. */
const MAX_TOKEN_BYTES = 8192;

/** The token. @throws EventsError UNAUTHENTICATED when there is none */
export function requireToken({ token }: Credentials): string {
  if (!token) {
    throw unauthenticated(
      'A token is needed: as connection param `token`, or as header `Authorization: Bearer …`.',
    );
  }
  if (Buffer.byteLength(token) > MAX_TOKEN_BYTES) throw unauthenticated('The token is not valid.');
  return token;
}

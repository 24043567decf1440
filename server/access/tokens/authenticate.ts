import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { EventsError, formatIssues, isRetryable, toIssues } from '../../../shared/errors.ts';
import { subjectIdSchema } from '../../../shared/events.ts';
import type { Claims, Subject } from './subject.ts';

/** Credentials of a connection or request. */
export interface Credentials {
  /** The token from the connection params, an `Authorization: Bearer` header, or the cookie of a page of an allowed origin. */
  readonly token: string | undefined;
  /** The connection params in the first message of a WebSocket client; null where it announced none, and over HTTP. */
  readonly connectionParams: Readonly<Record<string, string | undefined>> | null;
  readonly headers: IncomingHttpHeaders;
  /** The client's address: the peer's, or the one that a trusted proxy forwards for. */
  readonly remoteAddress: string;
}

/**
 * Identifies the caller; called once per WebSocket and once per HTTP request.
 * @throws EventsError UNAUTHENTICATED or FORBIDDEN (the client must not try again), TOKEN_EXPIRED (it should, with a fresh
 * token), UNAVAILABLE, OVERLOADED or RATE_LIMITED (it should, later). Any other error is a fault of the server, and so is an answer that is no {@link Subject},
 * such as null: the log says what is wrong with it, once for each kind, and the client is refused with UNAUTHENTICATED.
 */
export type Authenticate = (credentials: Credentials) => Subject | Promise<Subject>;

/** The error for a token that is missing or wrong. It never contains the token. */
export function unauthenticated(message: string, cause?: unknown): EventsError {
  return new EventsError('UNAUTHENTICATED', message, { cause });
}

/** Longest token that is accepted. */
const MAX_TOKEN_BYTES = 8192;

/** The token of credentials. @throws EventsError UNAUTHENTICATED when there is none, or it is longer than 8192 bytes */
export function requireToken({ token }: Credentials): string {
  if (!token) {
    throw unauthenticated(
      'A token is needed: send it as the connection param `token`, or as the header `Authorization: Bearer …`.',
    );
  }
  if (Buffer.byteLength(token) > MAX_TOKEN_BYTES) throw unauthenticated('The token is not valid.');
  return token;
}

const EVERYTHING: Claims = {
  publish: ['*'],
  answer: ['*'],
  subscribe: ['*'],
  topics: ['*', '_*'],
  stats: true,
  control: true,
};

/**
 * Accepts everybody, without a token. It authenticates nobody: what they publish names nobody.
 * @param claims rights of everybody. Default: everything is allowed
 */
export function anonymous(claims: Claims = EVERYTHING): Authenticate {
  const subject = { id: 'anonymous', anonymous: true, claims };
  return () => subject;
}

/**
 * Accepts credentials that one of several ways accepts. They are tried in order. If all refuse, the refusal of a way that may
 * accept them later is thrown, else the last one: after UNAUTHENTICATED a client never comes back, though the way that knows
 * its token only could not check it now, or found it expired.
 */
export function firstOf(authenticates: readonly Authenticate[]): Authenticate {
  return async (credentials) => {
    let refusal = unauthenticated('No way to authenticate is configured.');
    for (const authenticate of authenticates) {
      try {
        return await authenticate(credentials);
      } catch (error) {
        if (!(error instanceof EventsError)) throw error;
        if (isRetryable(error) || !isRetryable(refusal)) refusal = error;
      }
    }
    throw refusal;
  };
}

/** An API key, of which the server knows the hash only. */
export interface ApiKey {
  /** The key's owner; several keys may share one, e.g. while they are replaced. */
  readonly id: string;
  /**
   * SHA-256 of the key, 64 hexadecimal digits. A fast hash is safe because keys are random, with at least 128 bits, e.g.
   * from `openssl rand -hex 32`. It is not safe for passwords.
   */
  readonly sha256: string;
  readonly claims: Claims;
}

/**
 * Accepts tokens that are one of these keys.
 * @throws TypeError when an id or a hash is malformed
 */
export function apiKeys(keys: readonly ApiKey[]): Authenticate {
  const known = keys.map(({ id, sha256, claims }): { hash: Buffer; subject: Subject } => {
    const { error } = subjectIdSchema.safeParse(id);
    if (error) throw new TypeError(`apiKeys: ${formatIssues(toIssues(error, ['id']))}`);
    if (!/^[0-9a-f]{64}$/i.test(sha256)) {
      throw new TypeError(`apiKeys: sha256 of ${id} must be the hash of the key, 64 hexadecimal digits`);
    }
    return { hash: Buffer.from(sha256, 'hex'), subject: { id, claims } };
  });
  return (credentials) => {
    const hash = createHash('sha256').update(requireToken(credentials)).digest();
    let found: Subject | undefined;
    // Compares all keys, each in constant time: the time taken reveals nothing about the keys.
    for (const { hash: other, subject } of known) if (timingSafeEqual(hash, other)) found = subject;
    if (!found) throw unauthenticated('The token is not valid.');
    return found;
  };
}

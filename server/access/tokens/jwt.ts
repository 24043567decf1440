import { setTimeout } from 'node:timers/promises';
import { errors, type JSONWebKeySet, type JWTPayload, jwtVerify } from 'jose';
import * as z from 'zod';
import { EventsError, formatIssues, toIssues } from '../../../shared/errors.ts';
import { subjectIdSchema } from '../../../shared/events.ts';
import { type Authenticate, requireToken, unauthenticated } from './authenticate.ts';
import { type Verify, verifyWithKeySet } from './key-set.ts';
import { type Claims, claimsSchema, secondsSchema } from './subject.ts';

/** The key that tokens are signed with: a shared secret, or the public keys of their issuer. */
export type JwtKey =
  | {
      /** At least 32 bytes. */
      secret: string | Uint8Array;
      jwks?: never;
    }
  | {
      /** The URL of a key set, or the set itself. */
      jwks: URL | string | JSONWebKeySet;
      secret?: never;
    };

/** Options of {@link jwt}: the keys, and required claims. */
export type JwtOptions = JwtKey & {
  /** Required `iss`. */
  issuer: string;
  /** Value that `aud` must be or contain. */
  audience: string;
  /** Accepted algorithms. Default `HS256` with a secret; `RS256`, `PS256`, `ES256`, `EdDSA` with a key set. */
  algorithms?: readonly string[];
  /** Reads a token's rights. Default: its fields `publish`, `answer`, `subscribe`, `topics`, `stats`, `control`, `filter`. */
  claims?: (payload: JWTPayload) => Claims;
  /** The clock, Unix ms. Default `Date.now`. */
  now?: () => number;
};

const PUBLIC_KEY_ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA'];

/** Ms by which the issuer's clock may be ahead of the server's. A token that begins within this time is waited for. */
const LEEWAY_MS = 5000;

/** Form of a token: three parts of base64url. */
const COMPACT = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/** Media types of tokens that give access. Issuers sign tokens of other types with the same keys, such as logout tokens. */
const TYPES = new Set(['jwt', 'at+jwt']);

const tokenSchema = z.object({
  sub: subjectIdSchema,
  exp: secondsSchema,
  iat: secondsSchema.optional(),
  nbf: secondsSchema.optional(),
});

/**
 * Accepts signed tokens (JWT) that have not expired and that name the issuer and audience. `sub` is the subject's id, and
 * its session ends at `exp`; a token must have both. If its `iat` or `nbf` is up to 5 s in the future, the promise resolves
 * at that time. A token further in the future is refused: it would outlive a revocation.
 * @throws TypeError when the key or an algorithm does not fit
 */
export function jwt(options: JwtOptions): Authenticate {
  const { issuer, audience, claims = ownClaims, now = Date.now } = options;
  if (!issuer || !audience) throw new TypeError('jwt: issuer and audience must be given');
  const verify = verifier(options);
  return async (credentials) => {
    const token = requireToken(credentials);
    if (!COMPACT.test(token)) throw unauthenticated('The token is not valid.');
    const arrivedAt = now();
    const { payload, protectedHeader } = await verify(token, {
      issuer,
      audience,
      requiredClaims: ['exp', 'sub'],
      currentDate: new Date(arrivedAt),
      clockTolerance: LEEWAY_MS / 1000,
    }).catch((error: unknown) => {
      throw refusal(error);
    });
    if (!isTokenType(protectedHeader.typ))
      throw unauthenticated('The type of the token (`typ`) must be JWT or at+jwt.');
    const parsed = tokenSchema.safeParse(payload);
    if (!parsed.success) {
      const issues = toIssues(parsed.error);
      throw unauthenticated(`The token is not valid: ${formatIssues(issues)}.`, parsed.error);
    }
    const { sub, exp, iat = 0, nbf = iat } = parsed.data;
    if (exp * 1000 <= arrivedAt) throw new EventsError('TOKEN_EXPIRED', 'The token expired.');
    const beginsInMs = Math.max(iat, nbf) * 1000 - arrivedAt;
    if (beginsInMs > LEEWAY_MS) {
      throw unauthenticated(
        `The token begins in ${Math.ceil(beginsInMs / 1000)} s. The clocks of its issuer and of the server may differ by ${LEEWAY_MS / 1000} s.`,
      );
    }
    // At most the time of arrival, so that a revocation reaches the token while it is waited for.
    const issuedAt = Math.min(iat * 1000, arrivedAt);
    const subject = { id: sub, claims: claims(payload), expiresAt: exp * 1000, issuedAt };
    if (beginsInMs > 0) await setTimeout(beginsInMs, undefined, { ref: false });
    return subject;
  };
}

function isTokenType(typ: unknown): boolean {
  if (typ === undefined) return true;
  return typeof typ === 'string' && TYPES.has(typ.toLowerCase().replace(/^application\//, ''));
}

function verifier({ secret, jwks, algorithms }: JwtOptions): Verify {
  if (secret !== undefined) {
    const key = typeof secret === 'string' ? new TextEncoder().encode(secret) : secret;
    if (key.length < 32) throw new TypeError('jwt: secret must have at least 32 bytes');
    const allowed = algorithmsFor(algorithms ?? ['HS256'], true);
    return (token, checks) => jwtVerify(token, key, { ...checks, algorithms: allowed });
  }
  const allowed = algorithmsFor(algorithms ?? PUBLIC_KEY_ALGORITHMS, false);
  const verify = verifyWithKeySet(jwks);
  return (token, checks) => verify(token, { ...checks, algorithms: allowed });
}

/** Checks the algorithms: a public key must never be used as a shared secret. */
function algorithmsFor(algorithms: readonly string[], shared: boolean): string[] {
  const wrong = algorithms.find((algorithm) => algorithm.startsWith('HS') !== shared || algorithm === 'none');
  if (wrong !== undefined || algorithms.length === 0) {
    throw new TypeError(
      `jwt: algorithms must be ${shared ? 'HS256, HS384 or HS512 with a secret' : 'those of public keys with jwks'}, not ${wrong}`,
    );
  }
  return [...algorithms];
}

function refusal(error: unknown): EventsError {
  if (error instanceof errors.JWTExpired) return new EventsError('TOKEN_EXPIRED', 'The token expired.');
  const isTokensFault = error instanceof errors.JOSEError && !KEY_SET_FAULTS.has(error.code);
  if (isTokensFault) return unauthenticated('The token is not valid.', error);
  return new EventsError(
    'UNAVAILABLE',
    'Tokens cannot be checked now: the key set of their issuer cannot be read. Try again later.',
    { cause: error },
  );
}

/** Codes of errors of the key set, which are no fault of the token. */
const KEY_SET_FAULTS = new Set<string>([
  errors.JWKSTimeout.code,
  errors.JWKSInvalid.code,
  errors.JOSEError.code,
]);

function ownClaims(payload: JWTPayload): Claims {
  const result = claimsSchema.safeParse(payload);
  if (result.success) return result.data;
  const issues = formatIssues(toIssues(result.error).slice(0, 3));
  throw unauthenticated(`The claims of the token are not valid: ${issues}.`, result.error);
}

import {
  createLocalJWKSet,
  createRemoteJWKSet,
  errors,
  type JSONWebKeySet,
  type JWTPayload,
  jwtVerify,
} from 'jose';
import { EventsError } from '../../shared/errors.ts';
import { type Authenticate, requireToken, unauthenticated } from './authenticate.ts';
import { type Claims, claimsSchema } from './subject.ts';

/** The key that tokens are signed with: one shared secret, or the public keys of who issues them. */
export type JwtKey =
  | {
      /** At least 32 bytes. */
      secret: string | Uint8Array;
      jwks?: never;
    }
  | {
      /** The address of a key set, or the set itself. */
      jwks: URL | string | JSONWebKeySet;
      secret?: never;
    };

/** What {@link jwt} takes: the keys, and what a token must say besides. */
export type JwtOptions = JwtKey & {
  /** What `iss` must be. */
  issuer: string;
  /** What `aud` must be or contain. */
  audience: string;
  /** Signatures that are taken. Default `HS256` with a secret; `RS256`, `PS256`, `ES256`, `EdDSA` with a key set. */
  algorithms?: readonly string[];
  /** What a token allows. Default: its fields `publish`, `subscribe`, `topics`, `stats`, `control`, `filter`. */
  claims?: (payload: JWTPayload) => Claims;
  /** The clock, Unix ms. Default `Date.now`. */
  now?: () => number;
};

const PUBLIC_KEY_ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA'];

/**
 * Takes signed tokens (JWT) that have not expired and name the issuer and audience. `sub` is the subject's id, and its
 * session ends at `exp`; both must be there.
 * @throws TypeError when the key or an algorithm does not fit
 */
export function jwt(options: JwtOptions): Authenticate {
  const { issuer, audience, claims = ownClaims, now = Date.now } = options;
  if (!issuer || !audience) throw new TypeError('jwt: issuer and audience must be given');
  const verify = verifier(options);
  return async (credentials) => {
    const token = requireToken(credentials);
    const { payload } = await verify(token, {
      issuer,
      audience,
      requiredClaims: ['exp', 'sub'],
      currentDate: new Date(now()),
    }).catch((error: unknown) => {
      throw refusal(error);
    });
    const { sub, exp, iat = 0 } = payload;
    if (!sub || exp === undefined) throw unauthenticated('The token must have sub and exp.');
    return { id: sub, claims: claims(payload), expiresAt: exp * 1000, issuedAt: iat * 1000 };
  };
}

type Verify = (
  token: string,
  checks: NonNullable<Parameters<typeof jwtVerify>[2]>,
) => Promise<{ payload: JWTPayload }>;

function verifier({ secret, jwks, algorithms }: JwtOptions): Verify {
  if (secret !== undefined) {
    const key = typeof secret === 'string' ? new TextEncoder().encode(secret) : secret;
    if (key.length < 32) throw new TypeError('jwt: secret must have at least 32 bytes');
    const allowed = algorithmsFor(algorithms ?? ['HS256'], true);
    return (token, checks) => jwtVerify(token, key, { ...checks, algorithms: allowed });
  }
  const allowed = algorithmsFor(algorithms ?? PUBLIC_KEY_ALGORITHMS, false);
  const keys =
    typeof jwks === 'string' || jwks instanceof URL
      ? createRemoteJWKSet(new URL(jwks))
      : createLocalJWKSet(jwks);
  return (token, checks) => jwtVerify(token, keys, { ...checks, algorithms: allowed });
}

/** A public key must never be taken for a shared secret. */
function algorithmsFor(algorithms: readonly string[], shared: boolean): string[] {
  const wrong = algorithms.find((algorithm) => algorithm.startsWith('HS') !== shared || algorithm === 'none');
  if (wrong !== undefined || algorithms.length === 0) {
    throw new TypeError(
      `jwt: algorithms must be ${shared ? 'HS256, HS384 or HS512 with a secret' : 'of public keys with jwks'}, not ${wrong}`,
    );
  }
  return [...algorithms];
}

function refusal(error: unknown): EventsError {
  if (error instanceof errors.JWTExpired) return new EventsError('TOKEN_EXPIRED', 'The token expired.');
  const isToken = error instanceof errors.JOSEError && !NOT_THE_TOKENS_FAULT.has(error.code);
  if (isToken) return unauthenticated('The token is not valid.', error);
  return new EventsError('UNAVAILABLE', 'Tokens cannot be checked now: the key set is out of reach.', {
    cause: error,
  });
}

const NOT_THE_TOKENS_FAULT = new Set<string>([
  errors.JWKSTimeout.code,
  errors.JWKSInvalid.code,
  errors.JOSEError.code,
]);

function ownClaims(payload: JWTPayload): Claims {
  const result = claimsSchema.safeParse(payload);
  if (!result.success) throw unauthenticated('The claims of the token are not valid.', result.error);
  return result.data;
}

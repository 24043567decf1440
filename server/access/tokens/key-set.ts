import {
  createLocalJWKSet,
  createRemoteJWKSet,
  customFetch,
  decodeProtectedHeader,
  errors,
  type FetchImplementation,
  type JSONWebKeySet,
  type JWTVerifyGetKey,
  type JWTVerifyOptions,
  type JWTVerifyResult,
  jwtVerify,
} from 'jose';

/** Verifies a token's signature and the claims that `options` name. */
export type Verify = (token: string, options: JWTVerifyOptions) => Promise<JWTVerifyResult>;

/** Longest key set that is read: it has room for hundreds of keys. */
const MAX_SET_BYTES = 256 * 1024;
/** Most keys tried for a token that names none. */
const MAX_KEYS_TRIED = 32;
/** Ms for which an issuer that failed is not asked again, for any number of tokens. */
const FAILED_MS = 1000;
/** Ms after a load in which an unknown key causes no further load. */
const COOLDOWN_MS = 30_000;
/** Age in ms at which a key set is loaded again. */
const MAX_AGE_MS = 10 * 60_000;

/**
 * Verifies tokens with the keys of a set: with the key that `kid` names or, for a token without `kid`, with each key that
 * fits.
 * @param now a monotonic clock, ms
 */
export function verifyWithKeySet(
  jwks: URL | string | JSONWebKeySet,
  now: () => number = () => performance.now(),
): Verify {
  if (typeof jwks !== 'string' && !(jwks instanceof URL)) {
    const keys = createLocalJWKSet(jwks);
    return (token, options) => verifyWithEach(token, keys, options);
  }
  let loadedAt = Number.NEGATIVE_INFINITY;
  // jose's own times are switched off: they use the time of day, and a clock set back would stop it from loading newer keys.
  const keys = createRemoteJWKSet(new URL(jwks), {
    [customFetch]: boundedFetch(now, () => {
      loadedAt = now();
    }),
    cooldownDuration: Number.POSITIVE_INFINITY,
    cacheMaxAge: Number.POSITIVE_INFINITY,
  });
  return async (token, options) => {
    if (keys.jwks() && now() - loadedAt >= MAX_AGE_MS) await keys.reload();
    try {
      return await verifyWithEach(token, keys, options);
    } catch (error) {
      // Newer keys may verify it: one with this `kid` or, without `kid`, any.
      const isUnnamed = error instanceof errors.JWSSignatureVerificationFailed && !hasKeyId(token);
      const mayBeNewer = isUnnamed || error instanceof errors.JWKSNoMatchingKey;
      if (!mayBeNewer || now() - loadedAt < COOLDOWN_MS) throw error;
      await keys.reload();
      return verifyWithEach(token, keys, options);
    }
  };
}

async function verifyWithEach(
  token: string,
  keys: JWTVerifyGetKey,
  options: JWTVerifyOptions,
): Promise<JWTVerifyResult> {
  try {
    return await jwtVerify(token, keys, options);
  } catch (several) {
    if (!(several instanceof errors.JWKSMultipleMatchingKeys)) throw several;
    let tried = 0;
    for await (const key of several) {
      if (++tried > MAX_KEYS_TRIED) break;
      try {
        return await jwtVerify(token, key, options);
      } catch (error) {
        if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw error;
      }
    }
    throw new errors.JWSSignatureVerificationFailed();
  }
}

function hasKeyId(token: string): boolean {
  return decodeProtectedHeader(token).kid !== undefined;
}

/**
 * Makes a `fetch` that reads a bounded body, and does not ask an issuer again for a second after it failed. It follows no
 * redirects: jose's options say so.
 * @param onRead called after each set that was read
 */
function boundedFetch(now: () => number, onRead: () => void): FetchImplementation {
  let failure: { readonly error: unknown; readonly at: number } | null = null;
  return async (url, options) => {
    if (failure && now() - failure.at < FAILED_MS) throw failure.error;
    try {
      const response = await fetch(url, options);
      if (response.status !== 200)
        throw new Error(`The issuer answered the request for its key set with status ${response.status}.`);
      const set = new Response(await readBounded(response));
      failure = null;
      onRead();
      return set;
    } catch (error) {
      failure = { error, at: now() };
      throw error;
    }
  };
}

async function readBounded({ body }: Response): Promise<Buffer<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body ?? []) {
    size += chunk.byteLength;
    if (size > MAX_SET_BYTES) throw new Error(`The issuer's key set has more than ${MAX_SET_BYTES} bytes.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

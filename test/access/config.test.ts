import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { describe, expect, test } from 'vitest';
import { jwt, loadConfig, startServer } from '../../server/index.ts';
import { CloseCode, EventsError } from '../../shared/index.ts';
import { startTestServer } from '../app/harness.ts';
import { ALL, apiKey, RawSocket } from './harness.ts';

const SECRET = 'hunter2 hunter2 hunter2 hunter2 hunter2';
const NAMES = { AUTH_JWT_ISSUER: 'https://issuer.example', AUTH_JWT_AUDIENCE: 'psyche' };
const KEY = apiKey('dashboard', 'key');

function failure(env: Record<string, string>): string {
  try {
    loadConfig({}, env);
  } catch (error) {
    if (error instanceof EventsError) return error.message;
    throw error;
  }
  throw new Error('it was accepted');
}

describe('configuration', () => {
  test('is read from variables', () => {
    const config = loadConfig(
      {},
      { AUTH_API_KEYS: JSON.stringify([KEY]), AUTH_JWT_SECRET: SECRET, ...NAMES },
    );
    expect(config).toMatchObject({ authApiKeys: [KEY], authJwtSecret: SECRET, allowAnonymous: false });
    expect(loadConfig({}, { ALLOW_ANONYMOUS: 'on' }).allowAnonymous).toBe(true);
    expect(loadConfig({}, {})).toMatchObject({ authApiKeys: [], authJwtSecret: null, authJwksUrl: null });
  });

  test.each<[string, Record<string, string>]>([
    ['AUTH_API_KEYS must be a JSON array', { AUTH_API_KEYS: 'hunter2' }],
    ['AUTH_API_KEYS must be a JSON array', { AUTH_API_KEYS: '[]' }],
    ['"claims": { publish, answer, subscribe, topics, stats, control, filter }', { AUTH_API_KEYS: '[]' }],
    ['AUTH_API_KEYS must be a JSON array', { AUTH_API_KEYS: '[{"id":"a","sha256":"hunter2","claims":{}}]' }],
    [
      'filter } }; wrong is sha256 of the key at index 1.',
      { AUTH_API_KEYS: JSON.stringify([KEY, { ...KEY, sha256: 'hunter2' }]) },
    ],
    [
      'AUTH_API_KEYS must be a JSON array',
      { AUTH_API_KEYS: JSON.stringify([{ ...KEY, claims: { hunter2: [] } }]) },
    ],
    [
      'wrong is claims of the key at index 0.',
      { AUTH_API_KEYS: JSON.stringify([{ ...KEY, claims: { hunter2: [] } }]) },
    ],
    ['wrong is the key at index 0.', { AUTH_API_KEYS: JSON.stringify([{ ...KEY, hunter2: 1 }]) }],
    [
      'AUTH_JWT_ISSUER must be set where tokens are taken, and AUTH_JWT_AUDIENCE too',
      { AUTH_JWT_SECRET: SECRET },
    ],
    ['AUTH_JWT_SECRET must be at least 32 bytes long.', { AUTH_JWT_SECRET: 'hunter2', ...NAMES }],
    ['AUTH_JWKS_URL must be a URL', { AUTH_JWKS_URL: 'http://hunter2.example/keys', ...NAMES }],
    ['AUTH_JWT_ISSUER must be set', { AUTH_JWT_SECRET: SECRET, AUTH_JWT_AUDIENCE: 'psyche' }],
    ['AUTH_JWT_AUDIENCE must be set', { AUTH_JWT_SECRET: SECRET, AUTH_JWT_ISSUER: 'x' }],
    [
      'AUTH_JWKS_URL must be left out',
      { AUTH_JWT_SECRET: SECRET, AUTH_JWKS_URL: 'https://issuer.example/hunter2', ...NAMES },
    ],
    ['ALLOW_ANONYMOUS must be on or off.', { ALLOW_ANONYMOUS: 'hunter2' }],
  ])('is refused with "%s…", which names the variable and never its value', (message, env) => {
    expect(failure(env)).toContain(message);
    expect(failure(env)).not.toContain('hunter2');
  });

  test('a server that the network reaches does not start without authentication, unless it is told to', async () => {
    const quiet = { host: '0.0.0.0', port: 0, simulation: false, logLevel: 'silent' } as const;
    const refused = startServer(loadConfig(quiet, {}));
    await expect(refused).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringMatching(/^HOST 0\.0\.0\.0 .*ALLOW_ANONYMOUS=on/),
    });
    await expect(refused).rejects.not.toMatchObject({ message: expect.stringContaining('\n') });
    // A name that cannot be listened on: told to, it gets as far as that.
    for (const env of [{ ALLOW_ANONYMOUS: 'on' }, { AUTH_API_KEYS: JSON.stringify([KEY]) }]) {
      const config = loadConfig({ ...quiet, host: 'nowhere.invalid' }, env);
      await expect(startServer(config)).rejects.toThrow(/Cannot listen/);
    }
    for (const host of ['127.0.0.1', 'localhost']) await (await startTestServer({ host })).close();
  });

  test('accepts configured API keys and tokens side by side', async () => {
    const env = { AUTH_API_KEYS: JSON.stringify([KEY]), AUTH_JWT_SECRET: SECRET, ...NAMES };
    const { authApiKeys, authJwtSecret, authJwtIssuer, authJwtAudience } = loadConfig({}, env);
    await using server = await startTestServer({
      authApiKeys,
      authJwtSecret,
      authJwtIssuer,
      authJwtAudience,
    });
    const jwt = await new SignJWT({ ...ALL })
      .setProtectedHeader({ alg: 'HS256' })
      .setSubject('alice')
      .setIssuer(NAMES.AUTH_JWT_ISSUER)
      .setAudience(NAMES.AUTH_JWT_AUDIENCE)
      .setExpirationTime('1 hour')
      .sign(new TextEncoder().encode(SECRET));
    const status = async (token: string) =>
      (await fetch(`${server.url}/trpc/stats`, { headers: { authorization: `Bearer ${token}` } })).status;
    expect([await status('key'), await status(jwt), await status('other')]).toEqual([200, 200, 401]);
  });
});

describe('key sets', () => {
  test('tokens are checked with the issuer’s public keys, and only those', async () => {
    const [ours, other] = await Promise.all([generateKeyPair('ES256'), generateKeyPair('ES256')]);
    const jwks = { keys: [{ ...(await exportJWK(ours.publicKey)), kid: '1', alg: 'ES256' }] };
    const issuer = createServer((_, response) => void response.end(JSON.stringify(jwks)));
    await new Promise<void>((resolve) => issuer.listen(0, '127.0.0.1', resolve));
    const { port } = issuer.address() as AddressInfo;
    const sign = (key: CryptoKey, kid: string) =>
      new SignJWT({ ...ALL })
        .setProtectedHeader({ alg: 'ES256', kid })
        .setSubject('alice')
        .setIssuer('i')
        .setAudience('a')
        .setExpirationTime('1 hour')
        .sign(key);
    const names = { authJwtIssuer: 'i', authJwtAudience: 'a' };
    await using server = await startTestServer({ authJwksUrl: `http://127.0.0.1:${port}/`, ...names });
    const status = async (token: string) =>
      (await fetch(`${server.url}/trpc/stats`, { headers: { authorization: `Bearer ${token}` } })).status;
    expect(await status(await sign(ours.privateKey, '1'))).toBe(200);
    expect(await status(await sign(other.privateKey, '1'))).toBe(401);
    expect(await status(await sign(ours.privateKey, '2'))).toBe(401);
    // A public key taken for a shared secret would let anybody sign.
    const confused = await new SignJWT({ ...ALL })
      .setProtectedHeader({ alg: 'HS256', kid: '1' })
      .setSubject('alice')
      .setIssuer('i')
      .setAudience('a')
      .setExpirationTime('1 hour')
      .sign(new TextEncoder().encode(JSON.stringify(jwks.keys[0])));
    expect(await status(confused)).toBe(401);
    issuer.closeAllConnections();
    issuer.close();
  });

  test('an unreachable issuer is not the token’s fault: the client may come back', async () => {
    await using server = await startTestServer({
      authJwksUrl: 'http://127.0.0.1:9/',
      authJwtIssuer: 'i',
      authJwtAudience: 'a',
    });
    const { privateKey } = await generateKeyPair('ES256');
    const token = await new SignJWT({ ...ALL })
      .setProtectedHeader({ alg: 'ES256' })
      .setSubject('alice')
      .setIssuer('i')
      .setAudience('a')
      .setExpirationTime('1 hour')
      .sign(privateKey);
    await using socket = new RawSocket(server.url, { token });
    expect(await socket.closed).not.toBe(CloseCode.UNAUTHENTICATED);
    expect(socket.reasons).toEqual(['UNAVAILABLE']);
  });

  test('throw a TypeError for wrong options', () => {
    const names = { issuer: 'i', audience: 'a' };
    expect(() => jwt({ secret: 'short', ...names })).toThrow(TypeError);
    expect(() => jwt({ secret: SECRET, ...names, algorithms: ['RS256'] })).toThrow(TypeError);
    expect(() => jwt({ jwks: { keys: [] }, ...names, algorithms: ['HS256'] })).toThrow(TypeError);
    expect(() => jwt({ jwks: { keys: [] }, ...names, algorithms: ['none'] })).toThrow(TypeError);
    expect(() => jwt({ secret: SECRET, issuer: '', audience: 'a' })).toThrow(TypeError);
  });
});

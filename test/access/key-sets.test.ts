import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JSONWebKeySet, SignJWT } from 'jose';
import { describe, expect, test, vi } from 'vitest';
import { verifyWithKeySet } from '../../server/access/tokens/key-set.ts';
import { jwt } from '../../server/index.ts';
import { ALL } from './harness.ts';
import { outcome } from './outcome.ts';

describe('key sets', () => {
  const [issuer, audience] = ['i', 'a'];

  function signed(key: CryptoKey, header: { kid?: string } = {}): Promise<string> {
    return new SignJWT({ ...ALL })
      .setProtectedHeader({ alg: 'ES256', ...header })
      .setSubject('alice')
      .setIssuer(issuer)
      .setAudience(audience)
      .setExpirationTime('1 hour')
      .sign(key);
  }

  async function pair() {
    const { publicKey, privateKey } = await generateKeyPair('ES256');
    return { privateKey, jwk: await exportJWK(publicKey) };
  }

  test('try each key for a token without kid', async () => {
    const [first, second, foreign] = await Promise.all([pair(), pair(), pair()]);
    const both = {
      keys: [
        { ...first.jwk, kid: '1' },
        { ...second.jwk, kid: '2' },
      ],
    };
    for (const jwks of [both, { keys: [first.jwk, second.jwk] }, { keys: [second.jwk] }]) {
      const authenticate = jwt({ jwks, issuer, audience });
      expect(await outcome(authenticate, await signed(second.privateKey))).toBe('alice');
      expect(await outcome(authenticate, await signed(foreign.privateKey))).toBe('UNAUTHENTICATED');
    }
    // With a kid it is that key and no other.
    const authenticate = jwt({ jwks: both, issuer, audience });
    expect(await outcome(authenticate, await signed(second.privateKey, { kid: '2' }))).toBe('alice');
    expect(await outcome(authenticate, await signed(second.privateKey, { kid: '1' }))).toBe(
      'UNAUTHENTICATED',
    );
  });

  /** An issuer on this machine, and how often it was asked. */
  async function issue(
    answer: (url: string) => { status?: number; body: string; headers?: Record<string, string> },
  ) {
    let asked = 0;
    const server = createServer((request, response) => {
      asked++;
      const { status = 200, body, headers = {} } = answer(request.url ?? '');
      response.writeHead(status, headers).end(body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    return {
      url: `http://127.0.0.1:${port}/`,
      asked: () => asked,
      async [Symbol.asyncDispose]() {
        server.closeAllConnections();
        server.close();
      },
    };
  }

  test('are refused when they are huge, redirected or failing, and are asked for at most once a second', async () => {
    const key = await pair();
    const set: JSONWebKeySet = { keys: [key.jwk] };
    const good = await signed(key.privateKey);
    const answers = [
      { body: JSON.stringify({ ...set, padding: 'x'.repeat(300_000) }) },
      { status: 302, body: '', headers: { location: '/elsewhere' } },
      { status: 500, body: '' },
      { body: 'no JSON' },
    ];
    for (const answer of answers) {
      await using server = await issue((url) => (url === '/' ? answer : { body: JSON.stringify(set) }));
      const authenticate = jwt({ jwks: server.url, issuer, audience });
      for (let n = 0; n < 20; n++) expect(await outcome(authenticate, good)).toBe('UNAVAILABLE');
      // Text that is no JSON counts as an answer to the fetch: jose finds it out later, and asks again for each token.
      if (answer.body !== 'no JSON') expect(server.asked()).toBeLessThan(5);
    }
    await using server = await issue(() => ({
      body: JSON.stringify({ ...set, padding: 'x'.repeat(200_000) }),
    }));
    expect(await outcome(jwt({ jwks: server.url, issuer, audience }), good)).toBe('alice'); // control
  });

  test('are not fetched again for each wrong signature without kid', async () => {
    const [key, foreign] = await Promise.all([pair(), pair()]);
    await using server = await issue(() => ({ body: JSON.stringify({ keys: [key.jwk] }) }));
    const authenticate = jwt({ jwks: server.url, issuer, audience });
    expect(await outcome(authenticate, await signed(key.privateKey))).toBe('alice');
    const wrong = await signed(foreign.privateKey);
    for (let n = 0; n < 20; n++) expect(await outcome(authenticate, wrong)).toBe('UNAUTHENTICATED');
    expect(server.asked()).toBe(1);
  });

  test('are refreshed after 30 s, even if the time of day was set back', async () => {
    const [old, next] = await Promise.all([pair(), pair()]);
    const keys = [{ ...old.jwk, kid: 'old' }];
    await using server = await issue(() => ({ body: JSON.stringify({ keys }) }));
    let now = 0;
    const verify = verifyWithKeySet(server.url, () => now);
    await verify(await signed(old.privateKey, { kid: 'old' }), {});
    keys.push({ ...next.jwk, kid: 'next' });
    const token = await signed(next.privateKey, { kid: 'next' });
    const time = vi.spyOn(Date, 'now').mockReturnValue(Date.now() - 3_600_000);
    try {
      now = 29_000; // the control: too soon
      await expect(verify(token, {})).rejects.toMatchObject({ code: 'ERR_JWKS_NO_MATCHING_KEY' });
      now = 30_000;
      await verify(token, {});
    } finally {
      time.mockRestore();
    }
    expect(server.asked()).toBe(2);
  });
});

import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { apiKeys, jwt, MemoryBroker, Sessions } from '../../server/index.ts';
import { CloseCode } from '../../shared/index.ts';
import { startTestServer } from '../app/harness.ts';
import { ALL, apiKey, RawSocket, takesTokens, token } from './harness.ts';
import { credentials, outcome } from './outcome.ts';

const SECRET = 'a secret of tests, of 32 bytes and more';
const NAMES = { iss: 'https://issuer.example', aud: 'psyche-events' };

/** A signed token of any payload and header, right or wrong. */
function sign(payload: object | string, header: object = { alg: 'HS256' }): string {
  const now = Math.floor(Date.now() / 1000);
  const whole =
    typeof payload === 'string' ? payload : { ...NAMES, sub: 'alice', exp: now + 600, ...payload };
  const part = (value: object | string) =>
    Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
  const text = `${part(header)}.${part(whole)}`;
  return `${text}.${createHmac('sha256', SECRET).update(text).digest('base64url')}`;
}

const now = () => Math.floor(Date.now() / 1000);

describe('a token is refused for a claim of another type', () => {
  test.each<[string, object]>([
    ['a number as sub', { sub: 42 }],
    ['a list as sub', { sub: ['alice'] }],
    ['an object as sub', { sub: { toString: 'alice' } }],
    ['true as sub', { sub: true }],
    ['an empty sub', { sub: '' }],
    ['a sub of 129 characters', { sub: 'a'.repeat(129) }],
    ['a sub with a line end', { sub: 'alice\n' }],
    ['a sub with NUL', { sub: 'al\0ice' }],
    ['a sub with half a surrogate pair', { sub: 'alice\ud800' }],
    ['text as exp', { exp: `${now() + 600}` }],
    ['text as iat', { iat: `${now()}` }],
    ['text as nbf', { nbf: `${now()}` }],
    ['null as iat', { iat: null }],
    ['exp beyond every date', { exp: 1e300 }],
    ['text as topics', { topics: '*' }],
    ['a number among subscribe', { subscribe: [1] }],
    ['another typ', {}],
  ])('%s', async (name, payload) => {
    const header = name === 'another typ' ? { alg: 'HS256', typ: 'logout+jwt' } : undefined;
    expect(await outcome(takesTokens, sign(payload, header))).toBe('UNAUTHENTICATED');
  });

  test('infinite times, since such a session would never end', async () => {
    const rest = '"iss":"https://issuer.example","aud":"psyche-events","sub":"alice"';
    for (const times of [
      '"exp":1e999',
      `"exp":${now() + 600},"iat":-1e999`,
      `"exp":${now() + 600},"nbf":1e999`,
    ]) {
      expect(await outcome(takesTokens, sign(`{${rest},${times}}`))).toBe('UNAUTHENTICATED');
    }
    expect(await outcome(takesTokens, sign(`{${rest},"exp":${now() + 600}}`))).toBe('alice');
  });

  test.each<[string, object, object?]>([
    ['128 characters as sub', { sub: 'ä'.repeat(128) }],
    ['a name that objects have as sub', { sub: '__proto__' }],
    ['a fraction as iat', { iat: now() - 0.5 }],
    ['a list as aud', { aud: ['other', NAMES.aud] }],
    ['at+jwt as typ', {}, { alg: 'HS256', typ: 'application/at+JWT' }],
  ])('control: a token with %s is accepted', async (_, payload, header) => {
    expect(await outcome(takesTokens, sign(payload, header))).toBe('sub' in payload ? payload.sub : 'alice');
  });

  test('a socket is closed with 4501, and HTTP answers 401', async () => {
    await using server = await startTestServer({}, { authenticate: takesTokens });
    const wrong = sign({ ...ALL, sub: 42 });
    await using socket = new RawSocket(server.url, { token: wrong });
    expect(await socket.closed).toBe(CloseCode.UNAUTHENTICATED);
    const headers = { authorization: `Bearer ${wrong}` };
    expect((await fetch(`${server.url}/trpc/stats`, { headers })).status).toBe(401);
  });

  test('a token that is longer than 8192 bytes is not parsed', async () => {
    const long = (claims: string) => sign({ text: claims });
    expect(await outcome(takesTokens, long('x'.repeat(4000)))).toBe('alice');
    expect(await outcome(takesTokens, long('x'.repeat(7000)))).toBe('UNAUTHENTICATED');
    // 3000 characters, 9000 bytes.
    const authenticate = apiKeys([apiKey('long', '€'.repeat(3000))]);
    expect(await outcome(authenticate, '€'.repeat(3000))).toBe('UNAUTHENTICATED');
  });

  test.each([' ', '\n', '\t', '\0', '=', '.', '.x.y'])('a token followed by %j is refused', async (end) => {
    expect(await outcome(takesTokens, sign({}))).toBe('alice');
    expect(await outcome(takesTokens, `${sign({})}${end}`)).toBe('UNAUTHENTICATED');
  });
});

describe('API keys', () => {
  test('have ids that are checked when the server starts', () => {
    expect(() => apiKeys([{ ...apiKey('x', 'key'), id: 'a\nb' }])).toThrow(TypeError);
    expect(() => apiKeys([{ ...apiKey('x', 'key'), id: 7 as never }])).toThrow(TypeError);
    expect(apiKeys([apiKey('x', 'key')])).toBeTypeOf('function');
  });
});

describe('a token from an issuer whose clock is ahead', () => {
  test.each(['iat', 'nbf'])('waits until its %s is reached when that is 2 s ahead', async (claim) => {
    await using server = await startTestServer({}, { authenticate: takesTokens });
    const begins = now() + 2;
    await using socket = new RawSocket(server.url, { token: sign({ ...ALL, [claim]: begins }) });
    socket.subscribe(1, {});
    await expect.poll(() => socket.synced).toBe(true);
    expect(Date.now()).toBeGreaterThanOrEqual(begins * 1000);
  });

  test.each(['iat', 'nbf'])(
    'is refused when its %s is a minute ahead, since it would outlive a revocation',
    async (claim) => {
      expect(await outcome(takesTokens, sign({ [claim]: now() + 60 }))).toBe('UNAUTHENTICATED');
    },
  );

  test('is reached by a revocation while it waits', async () => {
    let time = 100_000;
    const sessions = new Sessions({ now: () => time });
    const authenticate = jwt({ secret: SECRET, issuer: NAMES.iss, audience: NAMES.aud, now: () => time });
    const early = () => authenticate(credentials(sign({ exp: 1000, iat: 101 })));
    const waiting = early();
    time = 100_500;
    await sessions.revoke('alice');
    time = 101_000;
    const subject = await waiting;
    expect(() => sessions.open(subject)).toThrow('revoked');
    time = 102_000;
    expect(sessions.open(await early()).subject.id).toBe('alice'); // control: the issue time itself is later
  });

  test('does not live longer because of the leeway', async () => {
    expect(await outcome(takesTokens, sign({ exp: now() - 1 }))).toBe('TOKEN_EXPIRED');
  });
});

describe('a revocation', () => {
  test('covers tokens issued in its second, and none issued later', async () => {
    const sessions = new Sessions();
    const before = await token();
    sessions.open(await takesTokens(credentials(before)));
    await sessions.revoke('alice');
    await expect(async () => sessions.open(await takesTokens(credentials(before)))).rejects.toThrow(
      'revoked',
    );
    expect(sessions.open(await takesTokens(credentials(await token()))).subject.id).toBe('alice');
  });

  test('takes the time of the log, whatever the clock of the revoking machine says', async () => {
    const broker = new MemoryBroker();
    const here = new Sessions({ broker });
    await here.start();
    for (const off of [-3_600_000, 3_600_000]) {
      const before = await takesTokens(credentials(await token({ sub: `bob ${off}` })));
      const elsewhere = new Sessions({ broker, now: () => Date.now() + off });
      await elsewhere.revoke(`bob ${off}`);
      expect(() => here.open(before)).toThrow('revoked');
      const after = await takesTokens(credentials(await token({ sub: `bob ${off}` })));
      expect(here.open(after).subject.id).toBe(`bob ${off}`);
    }
    here.close();
    await broker.close();
  });

  test('naming an impossible subject id is refused', async () => {
    for (const id of ['', 'a'.repeat(129), 'a\0']) {
      await expect(new Sessions().revoke(id)).rejects.toMatchObject({ code: 'INVALID_OPTION' });
    }
  });
});

import { describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { apiKeys, TOKEN_COOKIE } from '../../server/index.ts';
import { CloseCode } from '../../shared/index.ts';
import { startTestServer } from '../app/harness.ts';
import { agentMessage } from '../support/events.ts';
import { apiKey, RawSocket, takesTokens, token } from './harness.ts';

const KEY = 'correct horse battery staple';

/** Publishes over HTTP with a good token. */
async function publish(url: string, message = 'secret'): Promise<void> {
  const response = await fetch(`${url}/trpc/publish.agent_message`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${await token()}` },
    body: JSON.stringify({ json: { data: agentMessage(message) } }),
  });
  expect(response.status).toBe(200);
}

/** The status of a request for stats, and the reason it was refused for. */
async function stats(url: string, headers: Record<string, string> = {}, query = ''): Promise<unknown[]> {
  const response = await fetch(`${url}/trpc/stats${query}`, { headers });
  const body = await response.json();
  return [response.status, body.error?.json.data.reason];
}

const wrongTokens: [string, () => Promise<string | undefined>][] = [
  ['no token', async () => undefined],
  ['a token that is none', async () => 'x.y.z'],
  ['a token of another secret', () => token({ secret: 'another secret of 32 bytes and more' })],
  ['a token of another issuer', () => token({ issuer: 'https://other.example' })],
  ['a token for another audience', () => token({ audience: 'other' })],
  [
    'a token that is not signed',
    async () => `${btoa('{"alg":"none"}')}.${(await token()).split('.')[1]}.`.replaceAll('=', ''),
  ],
  ['a token without a right to anything that is a list', () => token({ claims: { topics: '*' } as never })],
];

describe('authentication', () => {
  test.each(wrongTokens)('closes a WebSocket with 4501, and sends no event: %s', async (_, make) => {
    await using server = await startTestServer({}, { authenticate: takesTokens });
    const wrong = await make();
    await using socket = new RawSocket(server.url, wrong === undefined ? {} : { token: wrong });
    await using control = new RawSocket(server.url, { token: await token() });
    socket.subscribe(1, { since: { last: 10 } });
    control.subscribe(1, { since: { last: 10 } });
    expect(await socket.closed).toBe(CloseCode.UNAUTHENTICATED);
    await expect.poll(() => control.synced).toBe(true);
    await publish(server.url);
    await expect.poll(() => control.events).toEqual(['agent_message']);
    expect(socket.events).toEqual([]);
    expect(new Set(socket.reasons)).toEqual(new Set(['UNAUTHENTICATED']));
    expect(server.sessions.size).toBe(1);
  });

  test.each(wrongTokens)('answers 401 over HTTP: %s', async (_, make) => {
    await using server = await startTestServer({}, { authenticate: takesTokens });
    const wrong = await make();
    const headers = wrong === undefined ? {} : { authorization: `Bearer ${wrong}` };
    expect(await stats(server.url, headers)).toEqual([401, 'UNAUTHENTICATED']);
    expect(await stats(server.url, { authorization: `Bearer ${await token()}` })).toEqual([200, undefined]);
    // A stream of server-sent events begins, tells the error, and ends.
    const stream = await (await fetch(`${server.url}/trpc/on.any`, { headers })).text();
    expect(stream).toContain('"reason":"UNAUTHENTICATED"');
    expect(stream).not.toContain('stream_synced');
    await expect.poll(() => server.sessions.size).toBe(0);
  });

  test('closes with 4401 for an expired token, so that the client comes back with a fresh one', async () => {
    await using server = await startTestServer({}, { authenticate: takesTokens });
    const expired = await token({ expiresAt: Date.now() - 5000 });
    await using socket = new RawSocket(server.url, { token: expired });
    socket.subscribe(1, {});
    expect(await socket.closed).toBe(CloseCode.TOKEN_EXPIRED);
    expect(new Set(socket.reasons)).toEqual(new Set(['TOKEN_EXPIRED']));
    expect(await stats(server.url, { authorization: `Bearer ${expired}` })).toEqual([401, 'TOKEN_EXPIRED']);
  });

  test('asks nobody for a token where no authentication is configured', async () => {
    await using server = await startTestServer();
    await using socket = new RawSocket(server.url);
    socket.subscribe(1, {});
    await expect.poll(() => socket.synced).toBe(true);
    expect(await stats(server.url)).toEqual([200, undefined]);
  });

  test('recognises API keys by their hash', async () => {
    const authenticate = apiKeys([apiKey('other', 'another'), apiKey('dashboard', KEY)]);
    await using server = await startTestServer({}, { authenticate });
    expect(await stats(server.url, { authorization: `Bearer ${KEY}` })).toEqual([401, 'UNAUTHENTICATED']); // no space in a token
    expect(await stats(server.url, { authorization: 'Bearer another' })).toEqual([200, undefined]);
    const hash = apiKey('dashboard', KEY).sha256;
    await using withHash = new RawSocket(server.url, { token: hash });
    expect(await withHash.closed).toBe(CloseCode.UNAUTHENTICATED);
    await using withKey = new RawSocket(server.url, { token: KEY });
    withKey.subscribe(1, {});
    await expect.poll(() => withKey.synced).toBe(true);
    expect(() => apiKeys([{ id: 'x', sha256: KEY, claims: {} }])).toThrow(TypeError);
  });
});

describe('a token', () => {
  test('is refused in the address, even if it is valid', async () => {
    await using server = await startTestServer({}, { authenticate: takesTokens });
    const good = await token();
    const authorization = `Bearer ${good}`;
    const params = encodeURIComponent(JSON.stringify({ token: good }));
    expect(await stats(server.url, { authorization }, `?token=${good}`)).toEqual([401, 'UNAUTHENTICATED']);
    expect(await stats(server.url, {}, `?connectionParams=${params}`)).toEqual([401, 'UNAUTHENTICATED']);
    const ws = new WebSocket(`${server.url.replace('http', 'ws')}/trpc?token=${good}`);
    const said: string[] = [];
    ws.on('message', (text) => said.push(String(text)));
    const code = await new Promise((resolve) => ws.once('close', resolve));
    expect(code).toBe(CloseCode.UNAUTHENTICATED);
    expect(said.join()).toContain('may not be in the URL');
    expect(said.join()).not.toContain(good);
  });

  test('in a cookie counts only for pages of an allowed origin', async () => {
    const options = { allowedOrigins: ['https://allowed.example'] };
    await using server = await startTestServer(options, { authenticate: takesTokens });
    const cookie = `a=b; ${TOKEN_COOKIE}=${await token()}`;
    const read = (headers: Record<string, string>) => stats(server.url, { cookie, ...headers });
    expect(await read({ origin: server.url })).toEqual([200, undefined]);
    expect(await read({ origin: 'https://allowed.example' })).toEqual([200, undefined]);
    expect(await read({ 'sec-fetch-site': 'same-origin' })).toEqual([200, undefined]);
    expect(await read({})).toEqual([401, 'UNAUTHENTICATED']);
    expect(await read({ 'sec-fetch-site': 'cross-site' })).toEqual([401, 'UNAUTHENTICATED']);
    const foreign = await fetch(`${server.url}/trpc/stats`, {
      headers: { cookie, origin: 'https://foreign.example' },
    });
    expect(foreign.status).toBe(403);

    await using ours = new RawSocket(server.url, undefined, { cookie, origin: server.url });
    ours.subscribe(1, {});
    await expect.poll(() => ours.synced).toBe(true);
    await using nobodys = new RawSocket(server.url, undefined, { cookie });
    expect(await nobodys.closed).toBe(CloseCode.UNAUTHENTICATED);
    const theirs = new WebSocket(`${server.url.replace('http', 'ws')}/trpc`, {
      headers: { cookie, origin: 'https://foreign.example' },
    });
    const refused = await new Promise<Error>((resolve) => theirs.once('error', resolve));
    expect(refused.message).toContain('403');
  });

  test.each([
    ['as it is', (text: string) => text],
    ['percent-encoded, as libraries write it', encodeURIComponent],
    ['in quotes', (text: string) => `"${text}"`],
  ])('in a cookie may be written %s', async (_, written) => {
    const key = 'cm9zZXM=+/of%one~key';
    await using server = await startTestServer({}, { authenticate: apiKeys([apiKey('page', key)]) });
    const read = (text: string) =>
      stats(server.url, { cookie: `a=b; ${TOKEN_COOKIE}=${text}; c=d`, origin: server.url });
    expect(await read(written(key))).toEqual([200, undefined]);
    expect(await read(written('cm9zZXM=+/of%another'))).toEqual([401, 'UNAUTHENTICATED']);
  });
});

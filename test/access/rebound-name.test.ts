import { request } from 'node:http';
import { describe, expect, test } from 'vitest';
import type { ServerOptions } from '../../server/index.ts';
import { startTestServer, upgradeStatus } from '../app/harness.ts';

/** Statuses of all ways into a server, by what a browser sends whose page has the name. */
async function waysIn(url: string, host: string, more: Record<string, string> = {}) {
  const headers = { host, ...more };
  const status = (path: string, method = 'GET', body?: string): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      const type = body === undefined ? {} : { 'content-type': 'application/json' };
      const asked = request(`${url}${path}`, { method, headers: { ...headers, ...type } }, (response) => {
        resolve(response.statusCode);
        response.destroy(); // a stream does not end
      });
      asked.once('error', reject);
      asked.end(body);
    });
  return {
    history: await status('/trpc/history'),
    publish: await status('/trpc/publish.agent_message', 'POST', '{}'),
    stream: await status('/trpc/on.any'),
    page: await status('/'),
    schema: await status('/schema.json'),
    asyncapi: await status('/asyncapi.json'),
    nothing: await status('/nothing'),
    preflight: await status('/trpc/history', 'OPTIONS'),
    socket: await upgradeStatus(`${url}/trpc`, headers),
    healthz: await status('/healthz'),
    readyz: await status('/readyz'),
  };
}

const REFUSED = {
  history: 403,
  publish: 403,
  stream: 403,
  page: 403,
  schema: 403,
  asyncapi: 403,
  nothing: 403,
  preflight: 403,
  socket: 403,
  healthz: 200,
  readyz: 200,
};
const SERVED = { history: 200, publish: 400, stream: 200, schema: 200, socket: 101, healthz: 200 };

/** Asks as a page does whose name was pointed at this machine; the server's own port, as a browser names it. */
async function rebound(options: ServerOptions, name = 'evil.example') {
  await using server = await startTestServer(options);
  const host = `${name}:${server.port}`;
  const url = `http://127.0.0.1:${server.port}`;
  return await waysIn(url, host, { origin: `http://${host}`, 'sec-fetch-site': 'same-origin' });
}

describe('a foreign host name that points to this machine', () => {
  test.each(['evil.example', '127.0.0.1.evil.example', 'localhost.evil.example', 'evil.example.'])(
    '%s is refused on every way in',
    async (name) => expect(await rebound({}, name)).toEqual(REFUSED),
  );

  test('is refused in requests without an Origin, which is how a page asks its own server', async () => {
    await using server = await startTestServer();
    expect(await waysIn(server.url, `evil.example:${server.port}`)).toEqual(REFUSED);
  });

  test('control: is served where it is configured', async () => {
    expect(await rebound({ allowedHosts: ['evil.example'] })).toMatchObject(SERVED);
    expect(await rebound({ allowedOrigins: ['https://EVIL.example/'] })).toMatchObject(SERVED);
  });

  test('control: is refused, but names of this machine are served', async () => {
    for (const name of ['localhost', 'app.localhost', '127.0.0.1', '127.8.8.8', '[::1]'])
      expect(await rebound({}, name), name).toMatchObject(SERVED);
  });

  test('is refused with a message that says what to set', async () => {
    await using server = await startTestServer();
    const asked = (path: string): Promise<string> =>
      new Promise((resolve, reject) => {
        const headers = { host: `evil.example:${server.port}` };
        request(`${server.url}${path}`, { headers }, async (response) => {
          resolve((await response.toArray()).join(''));
        })
          .once('error', reject)
          .end();
      });
    expect(await asked('/')).toContain('ALLOWED_HOSTS');
    const error = { json: { data: { httpStatus: 403, reason: 'FORBIDDEN' } } };
    expect(JSON.parse(await asked('/trpc/history'))).toMatchObject({ error });
  });
});

describe('a host name that a proxy on this machine passes on', () => {
  const ways = async (host: string, origin: string | undefined, options: ServerOptions = {}) => {
    await using server = await startTestServer(options);
    const { history, socket } = await waysIn(server.url, host, origin === undefined ? {} : { origin });
    return [history, socket];
  };

  test('is served on a standard port, or by TLS', async () => {
    expect(await ways('events.example', undefined)).toEqual([200, 101]);
    expect(await ways('events.example', 'https://events.example')).toEqual([200, 101]);
    expect(await ways('events.example:443', 'https://events.example')).toEqual([200, 101]);
    expect(await ways('events.example:80', 'http://events.example')).toEqual([200, 101]);
    expect(await ways('events.example:8443', 'https://events.example:8443')).toEqual([200, 101]);
  });

  test('is refused on any other port without TLS, where it may come from a tunnel that checks nothing', async () => {
    expect(await ways('events.example:8080', 'http://events.example:8080')).toEqual([403, 403]);
    expect(await ways('events.example:8080', 'https://other.example:8080')).toEqual([403, 403]);
  });

  test('is served only if ALLOWED_HOSTS has it, where that is set', async () => {
    const options = { allowedHosts: ['events.example'] };
    expect(await ways('events.example:8080', 'http://events.example:8080', options)).toEqual([200, 101]);
    expect(await ways('other.example', 'https://other.example', options)).toEqual([403, 403]);
  });
});

describe('a server that the network reaches', () => {
  const open = { host: '0.0.0.0', allowAnonymous: true } as const;

  test('accepts any host name', async () => expect(await rebound(open)).toMatchObject(SERVED));

  test('accepts the names in ALLOWED_HOSTS and those of this machine, where ALLOWED_HOSTS is set', async () => {
    const options = { ...open, allowedHosts: ['Events.Example'] };
    expect(await rebound(options)).toEqual(REFUSED);
    expect(await rebound(options, 'events.example')).toMatchObject(SERVED);
    expect(await rebound(options, 'localhost')).toMatchObject(SERVED);
  });

  test('answers 400 to an unreadable host name', async () => {
    await using server = await startTestServer(open);
    const url = `http://127.0.0.1:${server.port}`;
    expect(await waysIn(url, '%%%')).toMatchObject({ history: 400, healthz: 200 });
  });
});

test('HOST accepts an IPv6 address with brackets or without', async () => {
  for (const host of ['[::1]', '::1', '0:0:0:0:0:0:0:1']) {
    await using server = await startTestServer({ host });
    expect(server.url).toBe(`http://[::1]:${server.port}`);
    expect((await fetch(`${server.url}/trpc/history`)).status).toBe(200);
  }
});

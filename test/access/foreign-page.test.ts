import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { TOKEN_COOKIE } from '../../server/index.ts';
import { startTestServer } from '../app/harness.ts';
import { openContext } from '../setup/chromium.ts';
import { agentMessage } from '../support/events.ts';
import { takesTokens, token } from './harness.ts';

/** A page that is not the server's, on a port and so an origin of its own. */
async function foreignSite() {
  const http = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html').end('<!doctype html><title>foreign</title>');
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const origin = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  return {
    origin,
    async [Symbol.asyncDispose]() {
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}

/** Everything that a page can try: what it could read, by way. */
function tryAll(page: Page, url: string, body: string) {
  return page.evaluate(
    async ({ url, body }) => {
      const read: Record<string, string> = {};
      const attempt = async (way: string, run: () => Promise<string>) => {
        read[way] = await run().catch((error: unknown) => `failed: ${(error as Error).name}`);
      };
      const publish = `${url}/trpc/publish.agent_message`;
      const post = (type: string, mode: RequestMode) => async () => {
        const headers = { 'content-type': type };
        const answer = await fetch(publish, { method: 'POST', body, headers, mode, credentials: 'include' });
        return `${answer.type} ${answer.status}`;
      };
      await attempt('query', async () =>
        (await fetch(`${url}/trpc/history`, { credentials: 'include' })).text(),
      );
      await attempt('mutation', post('application/json', 'cors'));
      await attempt('mutation without asking', post('text/plain', 'no-cors'));
      await attempt('mutation of a form', async () => {
        const form = new URLSearchParams({ json: body });
        await fetch(publish, { method: 'POST', body: form, mode: 'no-cors', credentials: 'include' });
        return 'sent';
      });
      await attempt('image', () => {
        const image = new Image();
        const shown = new Promise<string>((resolve) => {
          image.onload = () => resolve('loaded');
          image.onerror = () => resolve('failed');
        });
        image.src = `${url}/trpc/history`;
        return shown;
      });
      await attempt('event stream', () => {
        const source = new EventSource(`${url}/trpc/on.any`, { withCredentials: true });
        return new Promise((resolve) => {
          const end = (text: string) => () => {
            source.close();
            resolve(text);
          };
          source.addEventListener('connected', end('connected'));
          source.onmessage = end('an event');
          source.onerror = end('failed');
        });
      });
      await attempt('WebSocket', () => {
        const socket = new WebSocket(`${url.replace('http', 'ws')}/trpc`);
        return new Promise((resolve) => {
          socket.onopen = () =>
            socket.send(
              '{"id":1,"method":"subscription","params":{"path":"on.any","input":{"json":{"since":{"last":5}}}}}',
            );
          socket.onmessage = ({ data }: MessageEvent<string>) => {
            if (data.includes('agent_message')) resolve('an event');
          };
          socket.onclose = () => resolve('failed');
        });
      });
      await attempt('frame', () => {
        const frame = document.createElement('iframe');
        frame.src = `${url}/trpc/history`;
        document.body.append(frame);
        return new Promise((resolve) => {
          // A page that may not be framed is replaced by one of the browser's own, of an opaque origin.
          frame.onload = () => resolve(frame.contentDocument === null ? 'nothing' : 'its document');
        });
      });
      return read;
    },
    { url, body },
  );
}

/** A server that lets tokens in, a browser that has one in a cookie, and a page of a foreign origin in it. */
async function attack(allowed: boolean) {
  await using site = await foreignSite();
  await using server = await startTestServer(
    { allowedOrigins: allowed ? [site.origin] : [] },
    { authenticate: takesTokens },
  );
  const bearer = { authorization: `Bearer ${await token()}`, 'content-type': 'application/json' };
  const body = JSON.stringify({ json: { data: agentMessage('a secret') } });
  await fetch(`${server.url}/trpc/publish.agent_message`, { method: 'POST', headers: bearer, body });
  await using context = await openContext();
  // As the server's own page would have it; SameSite does not help, for it is the same site.
  await context.addCookies([
    { name: TOKEN_COOKIE, value: await token(), url: server.url, httpOnly: true, sameSite: 'Strict' },
  ]);
  const page = await context.newPage();
  await page.goto(site.origin);
  const forged = JSON.stringify({ json: { data: agentMessage('forged') } });
  const read = await tryAll(page, server.url, forged);
  const history = await fetch(`${server.url}/trpc/history`, { headers: bearer });
  return { read, stored: await history.text() };
}

test('a page of a foreign origin can read nothing and change nothing, whatever it tries, with or without a cookie', async () => {
  const { read, stored } = await attack(false);
  expect(read).toEqual({
    query: 'failed: TypeError',
    mutation: 'failed: TypeError',
    'mutation without asking': 'failed: TypeError',
    'mutation of a form': 'failed: TypeError',
    image: 'failed',
    'event stream': 'failed',
    WebSocket: 'failed',
    frame: 'nothing',
  });
  expect(JSON.stringify(read)).not.toContain('a secret');
  expect(stored).toContain('a secret');
  expect(stored).not.toContain('forged');
});

test('control: a page of an allowed origin gets the events with the same cookie', async () => {
  const { read, stored } = await attack(true);
  expect(read['query']).toContain('a secret');
  expect(read['mutation']).toBe('cors 200');
  expect(read['event stream']).toBe('connected');
  expect(read['WebSocket']).toBe('an event');
  expect(stored).toContain('forged');
});

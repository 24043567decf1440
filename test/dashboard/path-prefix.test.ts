import { once } from 'node:events';
import { createServer, request } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { expect, test } from 'vitest';
import { createClient } from '../../client/index.ts';
import { openContext } from '../setup/chromium.ts';
import { agentMessage } from '../support/events.ts';
import { publishTo, startPageServer } from './page-server.ts';

/** A proxy that serves a server below `/psyche/`, and takes that away from the paths it passes on; 404 elsewhere. */
async function proxyBelow(serverUrl: string) {
  const { hostname: host, port } = new URL(serverUrl);
  const refused: string[] = [];
  const below = ({ url = '' }: { url?: string | undefined }): string | null => {
    if (url.startsWith('/psyche/')) return url.slice('/psyche'.length);
    refused.push(url);
    return null;
  };
  const server = createServer((req, res) => {
    const path = below(req);
    if (path === null) {
      res.writeHead(404).end();
      return;
    }
    const onward = request({ host, port, path, method: req.method, headers: req.headers }, (answer) => {
      res.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(res);
    });
    req.pipe(onward.on('error', () => res.destroy()));
  });
  server.on('upgrade', (req, socket, head) => {
    const path = below(req);
    if (path === null) {
      socket.end('HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\n');
      return;
    }
    const onward = connect(Number(port), host, () => {
      const headers = Object.entries(req.headers).map(([name, value]) => `${name}: ${value}\r\n`);
      onward.write(`GET ${path} HTTP/1.1\r\n${headers.join('')}\r\n`);
      onward.write(head);
      socket.pipe(onward).pipe(socket);
    });
    for (const each of [socket, onward]) each.on('error', () => {});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** Paths that were asked for and are not below the prefix. */
    refused,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
    },
  };
}

test('the page, its files, events and controls work below a path; control: nothing is served elsewhere', {
  timeout: 90_000,
}, async () => {
  await using server = await startPageServer({ speed: 5 });
  await using proxy = await proxyBelow(server.url);
  await using context = await openContext();
  const page = await context.newPage();
  const failed: string[] = [];
  page.on('response', (response) => {
    if (response.status() >= 400) failed.push(`${response.status()} ${response.url()}`);
  });
  await page.goto(`${proxy.origin}/psyche/`);
  await page.locator('.connection[data-status="live"]').waitFor();
  await page.locator('.segment', { hasText: '5×' }).waitFor();
  await using publisher = publishTo(`${proxy.origin}/psyche`);
  await publisher.publish('agent_message', agentMessage('below the path'));
  await page.getByText('below the path').first().waitFor();
  expect({ failed, refused: proxy.refused }).toEqual({ failed: [], refused: [] });
  expect((await fetch(`${proxy.origin}/trpc/stats`)).status).toBe(404);
});

test('a client may be given the path with or without /trpc', async () => {
  await using server = await startPageServer();
  await using proxy = await proxyBelow(server.url);
  for (const path of ['/psyche', '/psyche/', '/psyche/trpc', '/psyche/trpc/']) {
    const client = createClient({ url: `${proxy.origin}${path}` });
    await client.stats({ timeoutMs: 10_000 });
    await client.close();
  }
});

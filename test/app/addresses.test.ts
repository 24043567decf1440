import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { startTestServer } from './harness.ts';

/** The answer to a request of these lines, its head and its body. */
async function ask(port: number, ...lines: string[]): Promise<string> {
  const socket = connect(port, '127.0.0.1').setEncoding('latin1');
  socket.write(`${lines.join('\r\n')}\r\nConnection: close\r\n\r\n`);
  return (await socket.toArray()).join('');
}

describe('an address is understood in each form', () => {
  test.each([
    ['with its host', 'http://localhost/trpc/history'],
    ['with its host in capitals', 'HTTP://LOCALHOST/trpc/history'],
    ['below the path of a proxy', '/events/trpc/history'],
    ['with its host, below the path of a proxy', 'http://localhost/events/trpc/history'],
    ['with dots', '/trpc/./history'],
    ['by way of another folder', '/assets/../trpc/history'],
    ['escaped', '/trpc/%68istory'],
  ])('%s', async (_, address) => {
    await using server = await startTestServer({ basePath: '/events' });
    const answer = await ask(server.port, `GET ${address} HTTP/1.1`, 'Host: localhost');
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(answer).toContain('"items":[]');
  });

  test('the host in the address counts, not the one in the header', async () => {
    await using server = await startTestServer();
    const [own, foreign] = [`localhost:${server.port}`, `evil.example:${server.port}`];
    const status = async (address: string, host: string) =>
      (await ask(server.port, `GET http://${address}/trpc/history HTTP/1.1`, `Host: ${host}`)).slice(9, 12);
    expect(await status(foreign, own)).toBe('403');
    expect(await status(own, foreign)).toBe('200');
  });

  test('the path of a proxy without its slash is redirected to the one with it', async () => {
    await using server = await startTestServer({ basePath: '/a/events' });
    const answer = await ask(server.port, 'GET /a/events?x=1 HTTP/1.1', 'Host: localhost');
    expect(answer).toMatch(/^HTTP\/1\.1 308 /);
    expect(answer).toMatch(/^location: events\/\?x=1\r$/m);
  });
});

describe('answers to unusual requests carry the headers of every other answer', () => {
  const odd = [
    ['without Host', 400, ['GET /trpc/history HTTP/1.1']],
    ['with an unknown Expect', 200, ['GET /trpc/history HTTP/1.1', 'Host: localhost', 'Expect: x']],
    ['not HTTP', 400, ['GET /\f HTTP/1.1', 'Host: localhost']],
    ['for the path of a proxy without its slash', 308, ['GET /events HTTP/1.1', 'Host: localhost']],
    ['for a tunnel', 405, ['CONNECT localhost:1 HTTP/1.1', 'Host: localhost']],
  ] as const;

  test.each(odd)('a request %s is answered with %i', async (_, status, lines) => {
    await using server = await startTestServer({ basePath: '/events' });
    const answer = await ask(server.port, ...lines);
    expect(answer.slice(9, 12)).toBe(`${status}`);
    expect(answer).toMatch(/^x-content-type-options: nosniff\r$/m);
    expect(answer).toMatch(/^psyche-protocol: 1\r$/m);
  });

  test('control: Node alone answers without them', async () => {
    const server = createServer((_, response) => response.end()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const answers = await Promise.all(odd.slice(0, 2).map(([, , lines]) => ask(port, ...lines)));
    expect(answers.map((answer) => answer.slice(9, 12))).toEqual(['400', '417']);
    expect(answers.join('')).not.toContain('psyche-protocol');
    server.close();
  });
});

import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { createPublisher } from '../../client/index.ts';
import { agentMessage } from '../support/events.ts';
import { startTestServer } from './harness.ts';

const MIB = 1024 * 1024;
const PUBLISH = '/trpc/publish.agent_message';
const JSON_TYPE = { 'content-type': 'application/json' };

interface Sent {
  path?: string;
  headers?: Record<string, string>;
  bytes: number;
}

/** Sends a body piece by piece, as fast as it is taken, and hears the answer only when all of it is sent. */
async function send(url: string, { path = PUBLISH, headers = JSON_TYPE, bytes }: Sent) {
  return new Promise<{ status: number | undefined; text: string }>((resolve, reject) => {
    const asked = request(`${url}${path}`, { method: 'POST', headers, agent: false });
    asked.once('error', reject);
    asked.once('response', async (response) => {
      resolve({ status: response.statusCode, text: (await response.toArray()).join('') });
    });
    const piece = Buffer.alloc(64 * 1024, 'x');
    let sent = 0;
    const more = (): void => {
      while (sent < bytes) {
        sent += piece.length;
        if (!asked.write(piece)) {
          asked.once('drain', more);
          return;
        }
      }
      asked.end();
    };
    more();
  });
}

describe('a refused body', () => {
  const close = { ...JSON_TYPE, connection: 'close' };
  test.each<[string, number, string | null, Sent]>([
    ['too large and sent in chunks', 413, 'TOO_LARGE', { bytes: 8 * MIB }],
    [
      'too large, with a known length and Connection: close',
      413,
      'TOO_LARGE',
      { bytes: 8 * MIB, headers: { ...close, 'content-length': `${8 * MIB}` } },
    ],
    [
      'from a foreign page',
      403,
      'FORBIDDEN',
      { bytes: 8 * MIB, headers: { ...close, origin: 'http://evil.example' } },
    ],
    [
      'not JSON',
      415,
      'INVALID_OPTION',
      { bytes: MIB, headers: { 'content-type': 'application/octet-stream' } },
    ],
    [
      'a form',
      415,
      'INVALID_OPTION',
      { bytes: MIB, headers: { 'content-type': 'application/x-www-form-urlencoded' } },
    ],
    [
      'a form in parts that is too large',
      413,
      'TOO_LARGE',
      { bytes: 8 * MIB, headers: { 'content-type': 'multipart/form-data; boundary=x' } },
    ],
    ['compressed', 400, null, { bytes: MIB / 2, headers: { ...JSON_TYPE, 'content-encoding': 'gzip' } }],
    ['for an unknown procedure', 404, null, { bytes: MIB / 2, path: '/trpc/nothing' }],
  ])('is answered, not reset, when it is %s: %i %s', async (_, status, reason, sent) => {
    await using server = await startTestServer();
    for (let times = 0; times < 5; times++) {
      const answer = await send(server.url, sent);
      expect(answer.status).toBe(status);
      expect(JSON.parse(answer.text)).toMatchObject({
        error: { json: { data: { httpStatus: status, reason } } },
      });
    }
  });

  test('that is too large gives our client an error with the code TOO_LARGE', async () => {
    await using server = await startTestServer();
    const publisher = createPublisher({ url: `${server.url}/trpc` });
    const data = { ...agentMessage('large'), metadata: { text: 'x'.repeat(2 * MIB) } };
    await expect(publisher.publish('agent_message', data)).rejects.toMatchObject({
      name: 'EventsError',
      code: 'TOO_LARGE',
      message: expect.stringContaining('1 MiB'),
    });
    await publisher.close();
  });

  test('without end is not read to the end', async () => {
    await using server = await startTestServer();
    const sent = await new Promise<number>((resolve) => {
      let bytes = 0;
      const asked = request(`${server.url}${PUBLISH}`, { method: 'POST', headers: JSON_TYPE, agent: false });
      const piece = Buffer.alloc(256 * 1024, 'x');
      const more = (): void => {
        do bytes += piece.length;
        while (asked.write(piece));
      };
      asked.on('drain', more);
      asked.on('response', (response) => response.resume());
      asked.on('error', () => {});
      asked.once('close', () => resolve(bytes));
      more();
    });
    expect(sent / MIB).toBeLessThan(128);
    expect(sent / MIB).toBeGreaterThan(32); // the control: it was read
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
  });
});

test('HTTP methods other than GET, HEAD and POST are refused', async () => {
  await using server = await startTestServer();
  for (const method of ['TRACE', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
    const status = await new Promise((resolve, reject) => {
      const asked = request(`${server.url}/trpc/history`, { method }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      asked.once('error', reject).end();
    });
    expect(status, method).toBe(405);
  }
});

/** Sends a body in chunks of so many bytes, and hears the answer. */
async function sendInChunks(port: number, bytes: number, chunkBytes: number): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.on('error', () => {}); // it may be hung up on while it still sends
  const body = JSON.stringify({ data: agentMessage('x'.repeat(bytes)) });
  const chunks = body.match(new RegExp(`.{1,${chunkBytes}}`, 'g')) ?? [];
  const head = `POST ${PUBLISH} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n`;
  const encoded = chunks.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`);
  let answer = '';
  socket.on('data', (text) => {
    answer += String(text);
  });
  socket.write(`${head}${encoded.join('')}0\r\n\r\n`);
  await once(socket, 'close');
  return answer;
}

test('a body in thousands of one-byte chunks is refused, and the same body in larger chunks is accepted', async () => {
  await using server = await startTestServer();
  expect(await sendInChunks(server.port, 10_000, 1)).toMatch(/^HTTP\/1.1 413 /);
  expect(await sendInChunks(server.port, 10_000, 10)).toMatch(/^HTTP\/1.1 200 /);
  expect(await sendInChunks(server.port, 4_000, 1)).toMatch(/^HTTP\/1.1 200 /);
});

import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { answerInTurn } from '../../server/app/http/node/requests.ts';
import { agentMessage } from '../support/events.ts';
import { startTestServer } from './harness.ts';

/** A server whose topic `default` holds so many events of 30 KB. */
async function serverWith(events: number) {
  const server = await startTestServer();
  const data = agentMessage('x'.repeat(30_000));
  for (let left = events; left > 0; left -= 20) {
    const answer = await fetch(`${server.url}/trpc/publish.batch`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ events: Array(20).fill({ event_type: 'agent_message', data }) }),
    });
    expect(answer.status).toBe(200);
  }
  return server;
}

const batchOf = (url: string, calls: number) =>
  fetch(`${url}/trpc/${Array(calls).fill('history').join(',')}?batch=1&input=%7B%7D`);

describe('a single request', () => {
  test('may have up to 100 calls', async () => {
    await using server = await serverWith(20);
    expect((await batchOf(server.url, 101)).status).toBe(400);
  });

  test('gets up to 1 MiB of history pages and one page more; its other calls are refused with OVERLOADED', async () => {
    await using server = await serverWith(60);
    const answer = await batchOf(server.url, 100);
    const text = await answer.text();
    expect(text.length).toBeLessThan(2.5 * 1024 * 1024);
    const results: { result?: object; error?: { json: { data: { reason: string } } } }[] = JSON.parse(text);
    expect(results.filter(({ result }) => result)).toHaveLength(1);
    expect(new Set(results.flatMap(({ error }) => error?.json.data.reason ?? []))).toEqual(
      new Set(['OVERLOADED']),
    );
  });

  test('control: gets all pages of 100 calls when they are small', async () => {
    await using server = await startTestServer();
    const results: object[] = await (await batchOf(server.url, 100)).json();
    expect(results.filter((each) => 'result' in each)).toHaveLength(100);
  });
});

describe('pipelined requests', () => {
  /** Sends 20 in one packet. @returns how many were under way at a time, and what was answered */
  async function pipelined(isInTurn: boolean) {
    let running = 0;
    let most = 0;
    await using server = createServer(async ({ url }, response) => {
      most = Math.max(most, ++running);
      await sleep(2);
      running--;
      response.end(`<${url?.slice(1)}>`);
    });
    if (isInTurn) answerInTurn(server, () => {});
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    let text = '';
    socket.on('data', (data) => {
      text += data;
    });
    const requests = Array.from({ length: 20 }, (_, n) => `GET /${n} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`);
    socket.write(requests.join(''));
    await expect.poll(() => text.includes('<19>')).toBe(true);
    socket.destroy();
    return { most, answers: [...text.matchAll(/<(\d+)>/g)].map(([, n]) => Number(n)) };
  }

  const inOrder = Array.from({ length: 20 }, (_, n) => n);

  test('are processed one after another', async () => {
    expect(await pipelined(true)).toEqual({ most: 1, answers: inOrder });
  });

  test('control: are all processed at once without that protection', async () => {
    expect(await pipelined(false)).toEqual({ most: 20, answers: inOrder });
  });

  /** Sends 4 MiB of them at once, of which none is answered. @returns how many Node has read and parsed */
  async function parsedOfMany(begin: (server: Server) => void): Promise<number> {
    let parsed = 0;
    await using server = createServer().on('request', () => {});
    begin(server);
    server.prependListener('request', () => parsed++);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1').on('error', () => {});
    const request = 'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n';
    socket.write(request.repeat(Math.ceil((4 * 1024 * 1024) / request.length)));
    await new Promise((resolve) => socket.once('close', resolve)); // by a reset
    return parsed;
  }
  /** Node reads up to 64 KiB at a time. */
  const OF_TWO_READS = 2 * Math.ceil((64 * 1024) / 'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'.length);

  test('are not read on where too many wait: those that were read take long to end', async () => {
    expect(await parsedOfMany((server) => answerInTurn(server, () => {}))).toBeLessThanOrEqual(OF_TWO_READS);
  });

  test('control: are read on from a socket that is paused once, since Node resumes it after each', async () => {
    const pauseOnce = ({ socket }: IncomingMessage): void => {
      socket.pause();
      setImmediate(() => socket.destroy());
    };
    expect(await parsedOfMany((server) => server.once('request', pauseOnce))).toBeGreaterThan(OF_TWO_READS);
  });

  test('stop when their connection closes', async () => {
    await using server = await serverWith(20);
    const history = vi.spyOn(server.manager, 'history');
    /** Sends 50 for pages of up to so many events. */
    const ask = (limit: number) => {
      const input = encodeURIComponent(JSON.stringify({ json: { limit } }));
      const socket = connect(server.port, '127.0.0.1');
      socket.write(`GET /trpc/history?input=${input} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`.repeat(50));
      return socket;
    };
    const asked = (limit: number) =>
      history.mock.calls.filter(([options]) => options?.limit === limit).length;
    const goes = ask(50);
    await once(goes, 'data');
    goes.destroy();
    const stays = ask(51).resume(); // control
    await expect.poll(() => asked(51)).toBe(50);
    expect(asked(50)).toBeLessThan(50);
    stays.destroy();
  });
});

test('other clients are answered between the steps of 100 questions that match nothing on one socket', async () => {
  await using server = await serverWith(240);
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/trpc`);
  await once(socket, 'open');
  let answers = 0;
  socket.on('message', () => answers++);
  for (let id = 0; id < 100; id++) {
    const input = { json: { filter: { agent_id: `nobody ${id}` } } };
    socket.send(JSON.stringify({ id, method: 'query', params: { path: 'history', input } }));
  }
  let healthy = 0;
  while (answers < 100) {
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
    if (answers < 100) healthy++;
  }
  expect(healthy).toBeGreaterThan(20);
  socket.terminate();
});

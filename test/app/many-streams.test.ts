import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { until } from '../broadcaster/harness.ts';
import { agentMessage } from '../support/events.ts';
import { startTestServer } from './harness.ts';

const STREAMS = 300;
const EVENTS = 20;
const TEXT = 'x'.repeat(30 * 1024);
/** Follows the data of each event. */
const ID = Buffer.from('\nid: ');

/** A client of one stream that counts its events, and takes nothing apart: hundreds of them are in this process. */
class Counter {
  events = 0;
  readonly socket: Socket;
  #rest = Buffer.alloc(0);

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1');
    this.socket.write('GET /trpc/on.any HTTP/1.1\r\nHost: localhost\r\n\r\n');
    this.socket.on('data', (chunk: Buffer) => {
      const data = Buffer.concat([this.#rest, chunk]);
      let from = 0;
      for (let at = data.indexOf(ID); at >= 0; at = data.indexOf(ID, from)) {
        this.events++;
        from = at + ID.length;
      }
      this.#rest = Buffer.from(data.subarray(Math.max(from, data.length - ID.length + 1)));
    });
  }
}

test('hundreds of streams of large events all receive every event', {
  timeout: 120_000,
}, async () => {
  await using server = await startTestServer({ monitorIntervalMs: 0 });
  const { manager } = server;
  const clients = Array.from({ length: STREAMS }, () => new Counter(server.port));
  await Promise.all(clients.map(({ socket }) => once(socket, 'data')));
  const delivered = () => clients.reduce((sum, { events }) => sum + events, 0);
  await until(() => expect(delivered()).toBe(STREAMS)); // that they have caught up
  await Promise.all(
    Array.from({ length: EVENTS }, (_, n) => manager?.publish('agent_message', agentMessage(`${n} ${TEXT}`))),
  );
  await expect.poll(delivered, { timeout: 90_000 }).toBe(STREAMS * (EVENTS + 1));
  for (const { socket } of clients) socket.destroy();
  await until(() => expect(manager?.stats().subscribers).toBe(0));
});

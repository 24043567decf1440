import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { openCatalog as catalog } from '../../open/world.ts';
import { connect } from '../connect.ts';
import { eventually } from '../eventually.ts';
import { arrivals } from './arrivals.ts';

const timestamp = '2026-01-01T00:00:00Z';
const reply = (text: string, stored?: false) => ({
  ...{ event_type: 'reply', timestamp, data: { agent_id: 'a', text } },
  ...(stored === false && { stored }),
  open: { id: 'reply:1', kind: 'growing', state: 'open', field: 'text' },
});
const piece = (at: number, text: string) => ({
  ...{ event_type: 'stream_update', timestamp, data: { id: 'reply:1', at, text } },
});
const synced = { event_type: 'stream_synced', timestamp, data: { recovered: true, cursor: 'e:1' } };

/** A subscription as a server hears of it, and the connection that it is asked for over. */
class Subscribed {
  readonly #socket: WebSocket;
  readonly #id: unknown;
  /** The position that it resumes from. */
  readonly lastEventId: unknown;

  constructor(socket: WebSocket, id: unknown, lastEventId: unknown) {
    this.#socket = socket;
    this.#id = id;
    this.lastEventId = lastEventId;
  }

  /** Sends items, which all have the place of the first record. */
  tell(...items: object[]): void {
    for (const data of items) this.send({ type: 'data', id: 'e:1', data: { json: { id: 'e:1', data } } });
  }

  send(result: object): void {
    this.#socket.send(JSON.stringify({ id: this.#id, result }));
  }

  askToReconnect(): void {
    this.#socket.send(JSON.stringify({ id: null, method: 'reconnect' }));
  }
}

/** A server whose answers the test makes, and its subscriptions so far. */
async function startServer() {
  const subscriptions: Subscribed[] = [];
  const wss = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  wss.on('connection', (socket) =>
    socket.on('message', (raw) => {
      const text = String(raw);
      if (text === 'PING') return socket.send('PONG');
      for (const { id, method, params } of [JSON.parse(text)].flat())
        if (method === 'subscription') subscriptions.push(new Subscribed(socket, id, params.lastEventId));
    }),
  );
  await new Promise((resolve) => wss.once('listening', resolve));
  return {
    url: `ws://127.0.0.1:${(wss.address() as AddressInfo).port}`,
    /** The subscription of that number, once it was asked for. */
    subscribed: (number: number) =>
      eventually(() => {
        expect(subscriptions).toHaveLength(number);
        return subscriptions[number - 1] as Subscribed;
      }),
    async [Symbol.asyncDispose]() {
      for (const socket of wss.clients) socket.terminate();
      wss.close();
    },
  };
}

test('a text goes on growing through a move to another server that knows more of it', async () => {
  await using server = await startServer();
  await using client = connect({ url: server.url, catalog, transports: ['ws'] });
  const { objects } = arrivals(client, 'reply');
  const texts = () => objects.map(({ data }) => data.text);
  const before = await server.subscribed(1);
  before.send({ type: 'started' });
  before.tell(reply(''), synced);
  await eventually(() => expect(texts()).toEqual(['']));
  before.askToReconnect();
  const after = await server.subscribed(2);
  expect(after.lastEventId).toBe('e:1');
  before.tell(piece(0, 'a')); // while the next one has not begun
  await eventually(() => expect(texts()).toEqual(['', 'a']));
  after.send({ type: 'started' });
  after.tell(reply('ab', false), synced, piece(2, 'c'));
  await eventually(() => expect(texts()).toEqual(['', 'a', 'ab', 'abc']));
});

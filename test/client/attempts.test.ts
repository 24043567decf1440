import { afterEach, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { agentMessage } from '../support/events.ts';
import { connect } from './connect.ts';
import { eventually } from './eventually.ts';
import { startTestServer } from './test-server.ts';

afterEach(() => vi.restoreAllMocks());

/** A class of WebSockets, and those that were made of it, in their order. */
function watchedSockets() {
  const sockets: WebSocket[] = [];
  class Watched extends WebSocket {
    constructor(url: string) {
      super(url);
      sockets.push(this);
    }
  }
  return { sockets, Watched };
}

test('[D12] a request on a closing socket and the end of that socket make one attempt with one token', async () => {
  vi.spyOn(Math, 'random').mockReturnValue(0.02); // waits are short
  await using server = await startTestServer();
  let asked = 0;
  let statusWhenAsked = '';
  let giveToken = (): void => {};
  const { sockets, Watched } = watchedSockets();
  await using client = connect({
    url: server.wsUrl,
    transports: ['ws'],
    WebSocket: Watched,
    token: async () => {
      if (++asked > 1) {
        statusWhenAsked = client.connection.state.status;
        await new Promise<void>((resolve) => {
          giveToken = resolve;
        });
      }
      return `token-${asked}`;
    },
  });
  const got: string[] = [];
  const onSynced = vi.fn();
  client.on('agent_message', ({ data }) => got.push(data.message), { onSynced });
  await eventually(() => expect(onSynced).toHaveBeenCalledTimes(1));
  const errors = new Set<string | undefined>();
  client.connection.subscribe(({ error }) => errors.add(error?.message));
  // The server says goodbye and does not read the answer: the client's socket is closing until it loses patience.
  for (const socket of server.sockets) socket.pause();
  server.drop(4401, 'token expired');
  await eventually(() => expect(sockets[0]?.readyState).toBe(WebSocket.CLOSING));
  const published = client.publish('agent_message', agentMessage('while closing'));
  await eventually(() => expect(asked).toBe(2));
  expect(statusWhenAsked).toBe('live');
  await eventually(() => expect(client.connection.state.status).toBe('reconnecting'));
  await new Promise((resolve) => setTimeout(resolve, 200)); // longer than the wait before a second attempt
  expect(asked).toBe(2);
  giveToken();
  await published;
  await eventually(() => expect(got).toEqual(['while closing']));
  expect(onSynced).toHaveBeenCalledTimes(2);
  expect(server.tokens).toEqual(['token-1', 'token-2']);
  expect(errors).toEqual(new Set(['No connection: closed with 4401 token expired', undefined]));
});

test('[D12] the end of a socket in whose place another one was let in ends nothing, whatever its code', async () => {
  await using server = await startTestServer();
  const { sockets, Watched } = watchedSockets();
  let wasEnded = false;
  await using client = connect({
    url: server.wsUrl,
    transports: ['ws'],
    WebSocket: class extends Watched {
      constructor(url: string) {
        super(url);
        this.on('message', (text) => {
          const [first, second] = sockets;
          if (String(text) !== 'PONG' || this !== second) return;
          setImmediate(() => {
            wasEnded = first?.emit('close', 4501, Buffer.from('unauthenticated')) ?? false;
          });
        });
      }
      override close(): void {
        if (this !== sockets[0]) super.close(); // the first one is ended as the test says
      }
    },
  });
  await client.stats();
  for (const socket of server.sockets) socket.send(JSON.stringify({ id: null, method: 'reconnect' }));
  await eventually(() => expect(wasEnded).toBe(true));
  expect(client.connection.state).toMatchObject({ status: 'live', error: null });
  await client.stats();
});

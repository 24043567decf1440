import { afterEach, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import type { WebSocketClass } from '../../client/connection/transports/socket.ts';
import { type ClientOptions, createClient } from '../../client/index.ts';
import { eventually } from './eventually.ts';
import { startTestServer } from './test-server.ts';

afterEach(() => void vi.restoreAllMocks());

const NOWHERE = 'ws://127.0.0.1:1/trpc';

function open(options: ClientOptions) {
  vi.spyOn(Math, 'random').mockReturnValue(0); // no wait of its own
  vi.spyOn(console, 'warn').mockReturnValue();
  const client = createClient(options);
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.close() });
}

/** The class WebSocket, of which some find no server. */
function webSockets(isLost: (index: number) => boolean) {
  const made = { count: 0 };
  const Class = class extends WebSocket {
    constructor(url: string) {
      super(isLost(made.count++) ? NOWHERE : url);
    }
  } as unknown as WebSocketClass;
  return { made, Class };
}

test('a server that asks a socket to wait in whose place another one was let in puts off no later attempt', async () => {
  let refuse: (() => void) | undefined;
  await using server = await startTestServer({
    intercept: ({ url = '' }, response) => {
      if (!/[?&]calls\b/.test(url)) return false;
      refuse = () => response.writeHead(429, { 'retry-after': '600' }).end();
      return true;
    },
  });
  const { Class } = webSockets((index) => index === 0);
  await using client = open({ url: server.url, WebSocket: Class });
  const history = client.history({ timeoutMs: 60_000 });
  await eventually(() => expect(refuse).toBeDefined());
  await eventually(() => expect(client.connection.transport).toBe('ws'));
  refuse?.();
  await history;
  const { connections } = server;
  server.drop();
  await eventually(() => expect(server.connections).toBeGreaterThan(connections));
}, 60_000);

test('an attempt keeps its transport while it waits for the token, though the connection before it is lost meanwhile', async () => {
  await using server = await startTestServer();
  const { made, Class } = webSockets((index) => index > 0);
  let asked = 0;
  let release = (): void => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  const token = async () => {
    if (++asked === 3) await released;
    return 't';
  };
  await using client = open({ url: server.url, WebSocket: Class, token });
  await eventually(() => expect(client.connection.transport).toBe('ws'));
  const madeBySse: number[] = [];
  client.connection.subscribe(({ transport }) => transport === 'sse' && madeBySse.push(made.count));
  server.askToReconnect();
  await eventually(() => expect(asked).toBe(3));
  server.drop();
  await eventually(() => expect(client.connection.state.status).toBe('reconnecting'));
  release();
  await eventually(() => expect(madeBySse[0]).toBe(2));
}, 60_000);

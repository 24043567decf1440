import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

export interface TcpProxy extends AsyncDisposable {
  readonly port: number;
  /** Everything goes through again, also what was held. */
  pass(): void;
  /** Nothing goes through, in either direction, and nobody is told. */
  blackhole(): void;
  /** Connections are closed, now and as they come. */
  refuse(): void;
  /** Lets bytes of clients through, and holds those of the server. */
  muteServer(): void;
}

/** Stands between clients and a server on loopback and does to them what networks do. */
export async function startTcpProxy(serverPort: number): Promise<TcpProxy> {
  let mode: 'pass' | 'blackhole' | 'refuse' | 'mute' = 'pass';
  const links = new Set<{ client: Socket; server: Socket }>();

  const server = createServer({ allowHalfOpen: true }, (client) => {
    if (mode === 'refuse') return client.destroy();
    const link = { client, server: connect({ port: serverPort, host: '127.0.0.1', allowHalfOpen: true }) };
    links.add(link);
    for (const [from, to] of [
      [link.client, link.server],
      [link.server, link.client],
    ] as const) {
      from.setNoDelay(true);
      from.on('data', (bytes) => {
        if (mode !== 'mute' || from === link.client) to.write(bytes);
      });
      from.on('end', () => to.end());
      from.on('error', () => {}); // 'close' follows
      from.on('close', () => {
        to.destroy();
        links.delete(link);
      });
    }
    apply();
  });

  const apply = () => {
    for (const { client, server } of links) {
      if (mode === 'refuse') client.destroy();
      for (const socket of [client, server]) {
        if (mode === 'blackhole') socket.pause();
        else socket.resume();
      }
    }
  };
  const change = (to: typeof mode) => () => {
    mode = to;
    apply();
  };

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The proxy has no port');
  return {
    port: address.port,
    pass: change('pass'),
    blackhole: change('blackhole'),
    refuse: change('refuse'),
    muteServer: change('mute'),
    async [Symbol.asyncDispose]() {
      change('refuse')();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

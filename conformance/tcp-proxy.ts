import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A line to a server on loopback that can be broken in all the ways of networks. */
export interface TcpProxy extends AsyncDisposable {
  readonly port: number;
  /** Connections so far, refused ones too. */
  readonly connections: number;
  /** The server's port for connections from now on. */
  target: number;
  /** Everything goes through again, also what was held. */
  pass(): void;
  /** Nothing goes through, in either direction, and nobody is told. */
  blackhole(): void;
  /** Connections are closed, now and as they come. */
  refuse(): void;
  /** Lets bytes of clients through, and holds those of the server. */
  muteServer(): void;
  /** Closes the connections that are open; new ones are taken. */
  cut(): void;
  /** For the connections that are open nothing ever goes through again, and nobody is told; new ones are not touched. */
  strand(): void;
}

interface Link {
  readonly client: Socket;
  readonly server: Socket;
  stranded: boolean;
}

/** Stands between clients and a server on loopback and does to them what networks do. */
export async function startTcpProxy(serverPort: number): Promise<TcpProxy> {
  let mode: 'pass' | 'blackhole' | 'refuse' | 'mute' = 'pass';
  const state = { target: serverPort, connections: 0 };
  const links = new Set<Link>();

  const server = createServer({ allowHalfOpen: true }, (client) => {
    state.connections++;
    if (mode === 'refuse') return client.destroy();
    const beyond = connect({ port: state.target, host: '127.0.0.1', allowHalfOpen: true });
    const link: Link = { client, server: beyond, stranded: false };
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
    for (const { client, server, stranded } of links) {
      if (mode === 'refuse') client.destroy();
      for (const socket of [client, server]) {
        if (stranded || mode === 'blackhole') socket.pause();
        else socket.resume();
      }
    }
  };
  const change = (to: typeof mode) => () => {
    mode = to;
    apply();
  };
  const cut = () => {
    for (const { client, server } of links) {
      client.destroy();
      server.destroy();
    }
  };

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return Object.assign(state, {
    port,
    pass: change('pass'),
    blackhole: change('blackhole'),
    refuse: change('refuse'),
    muteServer: change('mute'),
    cut,
    strand() {
      for (const link of links) link.stranded = true;
      apply();
    },
    async [Symbol.asyncDispose]() {
      change('refuse')();
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}

import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/**
 * Stands before several servers on loopback: a connection goes to the first that takes it, in turns.
 * @param admit asked for each connection: false refuses it
 */
export interface Balancer extends AsyncDisposable {
  readonly url: string;
  /** Cuts every connection, and takes none until `open`. */
  cut(): void;
  open(): void;
}

export async function startBalancer(
  ports: () => readonly number[],
  admit: () => boolean = () => true,
): Promise<Balancer> {
  const sockets = new Set<Socket>();
  let isOpen = true;
  let next = 0;

  const forward = (client: Socket, attempts: number): void => {
    const all = ports();
    const port = all[next++ % all.length];
    if (port === undefined || attempts === 0 || client.destroyed) return void client.destroy();
    const server = connect({ port, host: '127.0.0.1' });
    server.once('error', () => {
      if (server.bytesRead === 0 && server.bytesWritten === 0) forward(client, attempts - 1);
      else client.destroy();
    });
    server.once('connect', () => {
      sockets.add(server);
      server.on('error', () => {}); // 'close' follows
      server.on('close', () => client.destroy());
      client.on('close', () => server.destroy());
      client.pipe(server).pipe(client);
    });
  };

  const gate = createServer((client) => {
    client.on('error', () => {}); // 'close' follows
    client.on('close', () => sockets.delete(client));
    if (!isOpen || !admit()) return void client.destroy();
    sockets.add(client);
    forward(client, ports().length);
  });
  gate.listen(0, '127.0.0.1');
  await once(gate, 'listening');
  const address = gate.address();
  if (address === null || typeof address === 'string') throw new Error('The balancer has no port');
  const cut = (): void => {
    isOpen = false;
    for (const socket of sockets) socket.destroy();
    sockets.clear();
  };
  return {
    url: `ws://127.0.0.1:${address.port}/trpc`,
    cut,
    open() {
      isOpen = true;
    },
    async [Symbol.asyncDispose]() {
      cut();
      await new Promise((resolve) => gate.close(resolve));
    },
  };
}

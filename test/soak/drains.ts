import { once } from 'node:events';
import { connect } from 'node:net';
import { clientFrame, Opcode, upgrade } from '../../bench/client/wire.ts';

/**
 * A process of subscribers that read and look at nothing. Its argument is a `DrainOptions` as JSON; it says when all
 * are subscribed.
 */
export interface DrainOptions {
  port: number;
  count: number;
}

const { port, count } = JSON.parse(process.argv[2] ?? '') as DrainOptions;
const SUBSCRIBE = JSON.stringify({
  id: 1,
  method: 'subscription',
  params: { path: 'on.any', input: { json: {} } },
});
/** All sockets read into this, so that reading costs no memory. */
const shared = Buffer.allocUnsafe(256 * 1024);

async function drain(): Promise<void> {
  const { request } = upgrade(new URL(`http://127.0.0.1:${port}/`));
  let reads = 0;
  const { promise: subscribed, resolve } = withResolvers();
  const socket = connect({
    host: '127.0.0.1',
    port,
    onread: {
      buffer: shared,
      callback: () => {
        if (++reads === 1) socket.write(clientFrame(Opcode.TEXT, Buffer.from(SUBSCRIBE)));
        else if (reads === 2) resolve();
        return true;
      },
    },
  });
  socket.once('close', () => process.exit(1)); // the test is to know
  await once(socket, 'connect');
  socket.write(request);
  await subscribed;
}

function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

for (let n = 0; n < count; n++) await drain();
process.send?.('ready');

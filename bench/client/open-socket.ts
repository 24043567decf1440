import { connect, type Socket } from 'node:net';

/** All sockets read into this; the bytes are used before the next one reads. */
const shared = Buffer.allocUnsafe(256 * 1024);

/**
 * Connects to the host of a URL.
 * @param receive takes the bytes of each read, which it must use or copy at once
 * @param end told once that the connection is over, and why; what `receive` throws is a reason too
 */
export function openSocket(
  { hostname, port }: URL,
  receive: (chunk: Buffer) => void,
  end: (error: Error) => void,
): Socket {
  const socket = connect({
    host: hostname,
    port: Number(port),
    noDelay: true,
    onread: {
      buffer: shared,
      callback: (length) => {
        try {
          receive(shared.subarray(0, length));
        } catch (error) {
          end(error instanceof Error ? error : new Error(String(error)));
        }
        return true;
      },
    },
  });
  socket.on('error', end);
  socket.once('close', () => end(new Error('the server closed the connection')));
  return socket;
}

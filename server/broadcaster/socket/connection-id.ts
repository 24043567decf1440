import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';

const ids = new WeakMap<Socket, string>();

/** The id of a WebSocket's connection, by the socket below it: the one that logs and `connections` name. */
export function connectionId(socket: Socket): string {
  let id = ids.get(socket);
  if (id === undefined) {
    id = randomUUID();
    ids.set(socket, id);
  }
  return id;
}

import { CloseCode } from '../../../shared/protocol.ts';
import type { Connection } from './connection.ts';
import { connectionId } from './connection-id.ts';
import { cut } from './cut.ts';

/** A client's connection, as {@link Connections} shows it. */
export interface ConnectionInfo {
  /** For {@link Connections.disconnect}. */
  readonly id: string;
  /** ISO 8601. */
  readonly connectedAt: string;
  /** Undefined once the socket is gone. */
  readonly remoteAddress: string | undefined;
  /** Subscriptions that run on it. */
  readonly subscriptions: number;
  /** Bytes sent to it that it has not taken yet. */
  readonly unsentBytes: number;
}

/** The open connections of one handler. */
export class Connections {
  readonly #open = new Map<string, { connection: Connection; connectedAt: string }>();

  /** Lists a connection until its socket closes. */
  add(connection: Connection): void {
    const id = connectionId(connection.socket);
    this.#open.set(id, { connection, connectedAt: new Date().toISOString() });
    connection.ws.once('close', () => this.#open.delete(id));
  }

  /** All of them, in the order they came. */
  list(): ConnectionInfo[] {
    return Array.from(this.#open, ([id, { connection, connectedAt }]) => ({
      id,
      connectedAt,
      remoteAddress: connection.socket.remoteAddress,
      subscriptions: connection.subscriptions.size,
      unsentBytes: connection.socket.writableLength,
    }));
  }

  /** Closes one with 1001. False if there is none with this id. */
  disconnect(id: string, reason: string): boolean {
    const ws = this.#open.get(id)?.connection.ws;
    if (ws) cut(ws, CloseCode.GOING_AWAY, reason);
    return ws !== undefined;
  }
}

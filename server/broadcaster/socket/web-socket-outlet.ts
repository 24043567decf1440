import type { Socket } from 'node:net';
import { WebSocket } from 'ws';
import { type Outlet, writeTo } from '../core/outlet.ts';
import type { Backlog } from './backlog.ts';
import { connectionId } from './connection-id.ts';
import { cut } from './cut.ts';

/** A WebSocket as an {@link Outlet}: frames go past `ws`, straight to the TCP or TLS socket below. */
export class WebSocketOutlet implements Outlet {
  readonly #ws: WebSocket;
  readonly #socket: Socket;
  readonly #backlog: Backlog;

  constructor(ws: WebSocket, socket: Socket, backlog: Backlog) {
    this.#ws = ws;
    this.#socket = socket;
    this.#backlog = backlog;
  }

  get name(): string {
    return connectionId(this.#socket);
  }

  get compresses(): boolean {
    return this.#ws.extensions.includes('permessage-deflate');
  }

  get unsent(): number {
    return this.#socket.writableLength;
  }

  write(frames: Buffer | readonly Buffer[]): number {
    // Nothing may follow a close frame.
    if (this.#ws.readyState === WebSocket.OPEN) writeTo(this.#socket, frames);
    return this.unsent;
  }

  drained(): Promise<void> {
    return this.#backlog.drained();
  }

  close(code: number, reason: string): void {
    cut(this.#ws, code, reason);
  }
}

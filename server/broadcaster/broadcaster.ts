import type { Server } from 'node:http';
import type { AnyTRPCRouter } from '@trpc/server';
import { WebSocketServer } from 'ws';
import { applyBroadcastWSSHandler, type BroadcastWSSHandler } from './apply-handler.ts';
import { WEBSOCKET_LIMITS } from './core/limits.ts';
import type { BroadcastWSSHandlerOptions } from './core/options.ts';
import type { ConnectionInfo } from './socket/connections.ts';
import { PendingAnswers } from './upgrade/pending-answers.ts';
import { type Upgrade, upgradeListener } from './upgrade/upgrades.ts';

/** The options of {@link applyBroadcastWSSHandler}, with the HTTP server in place of the WebSocket server. */
export type BroadcasterOptions<TRouter extends AnyTRPCRouter> = Omit<
  BroadcastWSSHandlerOptions<TRouter>,
  'wss' | 'prefix'
> & {
  router: TRouter;
  /** Its requests stay yours, and so does its end. */
  server: Server;
  /** The path that is upgraded. Other upgrades are refused, unless somebody else listens for them. Default `/trpc`. */
  path?: string;
};

/**
 * Serves a tRPC router over WebSockets on an HTTP server of your own, knows who is connected, and can send one away.
 *
 * @example
 * const broadcaster = new Broadcaster({ server, router, createContext });
 * for (const { id } of broadcaster.connections) broadcaster.disconnect(id, 'maintenance');
 */
export class Broadcaster<TRouter extends AnyTRPCRouter> {
  readonly #server: Server;
  readonly #path: string;
  readonly #wss = new WebSocketServer({ noServer: true, ...WEBSOCKET_LIMITS });
  readonly #handler: BroadcastWSSHandler;
  readonly #pending = new PendingAnswers();
  readonly #upgrade: Upgrade;

  /** Attached at once. @throws TypeError when a limit has no meaning */
  constructor(options: BroadcasterOptions<TRouter>);
  constructor({ server, path = '/trpc', ...options }: BroadcasterOptions<AnyTRPCRouter>) {
    this.#handler = applyBroadcastWSSHandler({ ...options, wss: this.#wss });
    this.#server = server;
    this.#path = path;
    this.#pending.watch(server);
    this.#upgrade = upgradeListener({
      server,
      pending: this.#pending,
      take: this.#take,
      leaves: ({ url }) => url?.split('?', 1)[0] !== path && server.listenerCount('upgrade') > 1,
    });
    server.on('upgrade', this.#upgrade);
  }

  /** The open connections, in the order they came. */
  get connections(): ConnectionInfo[] {
    return this.#handler.connections;
  }

  /**
   * Closes a connection with 1001: its client connects again and resumes, here or on another server. Who must stay out
   * is to be refused by `createContext`.
   * @param reason for the client; at most 123 bytes
   * @returns false if there is no such connection
   */
  disconnect(id: string, reason = 'disconnected'): boolean {
    return this.#handler.disconnect(id, reason);
  }

  /** Takes no more connections, and closes those there are with 1001. Resolves when all are gone. */
  async close(): Promise<void> {
    this.#server.off('upgrade', this.#upgrade);
    this.#pending.unwatch(this.#server);
    const gone = [...this.#wss.clients].map((ws) => new Promise((resolve) => ws.once('close', resolve)));
    for (const { id } of this.connections) this.disconnect(id, 'the server stops');
    await Promise.all(gone);
    this.#wss.close();
  }

  readonly #take: Upgrade = (request, socket, head) => {
    if (request.url?.split('?', 1)[0] === this.#path)
      this.#wss.handleUpgrade(request, socket, head, (ws) => this.#wss.emit('connection', ws, request));
    else socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
  };
}

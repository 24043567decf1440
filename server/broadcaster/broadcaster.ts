import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { AnyTRPCRouter } from '@trpc/server';
import { WebSocketServer } from 'ws';
import { hasMethods } from '../../shared/options/has-methods.ts';
import { checkOptions } from '../../shared/options/known-options.ts';
import { type Logger, silentLogger } from '../telemetry/logger.ts';
import { type Instruments, noInstruments } from '../telemetry/telemetry.ts';
import { resolveOptions, serveConnections } from './apply-handler.ts';
import { COMPRESSION, checkBytes, WEBSOCKET_LIMITS } from './core/limits.ts';
import { BROADCASTER_OPTIONS } from './core/option-names.ts';
import type { BroadcastWSSHandlerOptions } from './core/options.ts';
import type { Connection } from './socket/connection.ts';
import {
  type AskOptions,
  type ConnectionInfo,
  type Connections,
  checkDrain,
  type DrainOptions,
  type Traffic,
} from './socket/connections.ts';
import { hasOnlyCalls, PIPELINED, type ServeStream, serveMessages } from './sse/serve-messages.ts';
import type { Head } from './sse/stream-outlet.ts';
import { endWith, PendingAnswers } from './upgrade/answers.ts';
import { decide, type OnUpgrade, type UpgradeRefusal } from './upgrade/decision.ts';
import { isAnsweredBy, type Place, takePlace } from './upgrade/places.ts';
import { refusalOf, refuseRequest } from './upgrade/refused-streams.ts';
import { type Upgrade, upgradeListener } from './upgrade/upgrades.ts';

/** The options of {@link applyBroadcastWSSHandler}, with the HTTP server in place of the WebSocket server. */
export type BroadcasterOptions<TRouter extends AnyTRPCRouter> = Omit<
  BroadcastWSSHandlerOptions<TRouter>,
  'wss' | 'prefix'
> & {
  router: TRouter;
  /** Its requests stay yours, and so does its end. */
  server: Server;
  /**
   * The path that is upgraded; each Broadcaster of a server has its own. Upgrades of other paths are refused, unless
   * somebody else than Broadcasters listens for them.
   * @default /trpc
   */
  path?: string;
  /**
   * Decides about an upgrade of the path before it is taken: by its `Origin` or `Host`, or by how many there are. Returns
   * a refusal; or else, if need be, what to call once the socket has closed. One that throws, or returns anything else,
   * is logged as an error, and the upgrade refused with 500.
   * @default all are taken
   */
  onUpgrade?: OnUpgrade;
  /**
   * Bytes of one message, which may hold several calls: a whole number from 1 to 2147483647. A larger one is closed with
   * 1009.
   * @default 65536
   */
  maxMessageBytes?: number;
  /**
   * True if events go compressed to clients that take it: a third fewer bytes for more CPU.
   * @default false
   */
  compression?: boolean;
  /** Is told of connections and of upgrades that are refused: a `Metrics`, for example. @default nobody */
  instruments?: Instruments;
  /**
   * Is told of connections, also of refused ones, at the level `debug`, and of an `onUpgrade` that fails, as an error.
   * @default nobody is told of connections; failures are written to the console
   */
  logger?: Logger;
};

/** Parts of a server that a Broadcaster shares with it. */
interface Mount {
  /** The answers of the server that are not given yet. Default: it looks for itself. */
  pending?: PendingAnswers;
  /** True if upgrades of paths that no Broadcaster serves are refused, whoever else listens. */
  isAlone?: boolean;
}

/**
 * Serves a tRPC router over WebSockets on an HTTP server of your own, knows who is connected, can send one away, and takes
 * all of them out of service so that nobody notices.
 *
 * @example
 * const broadcaster = new Broadcaster({ server, router, createContext });
 * for (const { id } of broadcaster.connections) broadcaster.disconnect(id, 'maintenance');
 */
export class Broadcaster<TRouter extends AnyTRPCRouter> {
  readonly #place: Place;
  readonly #onUpgrade: OnUpgrade | undefined;
  readonly #instruments: Instruments;
  readonly #logger: Logger;
  /** Reports that `onUpgrade` failed, for which there is no connection yet that `onError` could be given. */
  readonly #reportFailure: (cause: unknown) => void;
  readonly #wss: WebSocketServer;
  readonly #connections: Connections;
  readonly #serve: ServeStream;
  /** Lets go of the server. */
  readonly #detach: () => void;
  #drains = false;

  /** Attached at once. @throws TypeError when a limit has no meaning, an option is none, or another Broadcaster serves the path */
  constructor(options: BroadcasterOptions<TRouter>);
  /** @internal */
  constructor(options: BroadcasterOptions<TRouter>, mount: Mount);
  constructor(options: BroadcasterOptions<AnyTRPCRouter>, { pending, isAlone = false }: Mount = {}) {
    checkOptions('Broadcaster', options, BROADCASTER_OPTIONS);
    if (!hasMethods(options.server, 'on', 'address') || !options.router)
      throw new TypeError(
        'Broadcaster: pass a server of node:http and a router, { server, router }: createServer(app) with Express, app.server of Fastify, what serve() returns with Hono',
      );
    const { server, path = '/trpc', onUpgrade, maxMessageBytes, compression = false, ...rest } = options;
    const { instruments = noInstruments, logger = silentLogger, ...handler } = rest;
    checkBytes('maxMessageBytes', maxMessageBytes);
    this.#onUpgrade = onUpgrade;
    this.#instruments = instruments;
    this.#logger = logger;
    this.#reportFailure = (cause) => {
      if (rest.logger) logger.error({ err: cause }, 'onUpgrade failed');
      else console.error('[psyche-events] onUpgrade failed', cause);
    };
    this.#wss = new WebSocketServer({
      noServer: true,
      ...WEBSOCKET_LIMITS,
      ...(maxMessageBytes !== undefined && { maxPayload: maxMessageBytes }),
      perMessageDeflate: compression && COMPRESSION,
    });
    // Of a handshake that is none: `ws` by itself would answer with a page, without the headers of every answer.
    this.#wss.on('wsClientError', ({ message }, socket) => {
      this.#tellRefused({ status: 400, message, code: 'BAD_REQUEST' });
      endWith(socket, 400, message, SPOKEN_WEBSOCKETS);
    });
    const setup = resolveOptions({ ...handler, wss: this.#wss });
    const { connections, serve } = serveConnections(setup, (connection) => this.#tell(connection));
    this.#connections = connections;
    this.#serve = serve;
    const place = { path, isAlone, isClosing: false };
    this.#place = place;
    const leavePlace = takePlace(server, place);
    const own = new PendingAnswers();
    if (!pending) own.watch(server);
    const upgrade = upgradeListener({
      server,
      pending: pending ?? own,
      take: this.#take,
      leaves: (request) => !isAnsweredBy(place, server, pathOf(request)),
    });
    server.on('upgrade', upgrade);
    this.#detach = () => {
      server.off('upgrade', upgrade);
      own.unwatch(server);
      leavePlace();
    };
  }

  /** The open connections, in the order they came. */
  get connections(): ConnectionInfo[] {
    return this.#connections.list();
  }

  /** Number of open connections, and the bytes of these and of all before: for `Metrics.watch`, among others. */
  get traffic(): Traffic {
    return this.#connections.traffic;
  }

  /**
   * Closes a connection with 1001: its client connects again and resumes, here or on another server. Who must stay out
   * is to be refused by `createContext`.
   * @param reason for the client; at most 123 bytes
   * @returns false if there is no such connection
   */
  disconnect(id: string, reason = 'disconnected'): boolean {
    return this.#connections.disconnect(id, reason);
  }

  /**
   * Asks one client after another to connect again, and takes those who come: for a server that is not the best for them
   * just now, such as one that meets events of a newer version (`onNewerVersion` of an EventManager).
   * They keep the connection that they have until the next one is open, and resume.
   * @throws TypeError when the time is below zero or too long for a timer; nobody is asked then
   */
  async askToReconnect(options: AskOptions = {}): Promise<void> {
    checkDrain(options);
    await this.#connections.askToReconnect(options);
  }

  /**
   * Takes everybody off this server before it stops: refuses upgrades with 503 from now on, and asks one client after
   * another to connect again, elsewhere. Clients have the new connection open before they leave the old one: nothing is
   * lost. Those that are left after `overMs` and `graceMs` are closed with 1001. Resolves when nobody is connected.
   * @throws TypeError when a time is below zero or too long for a timer; nothing is drained then
   */
  async drain(options: DrainOptions = {}): Promise<void> {
    checkDrain(options);
    this.#drains = true;
    await this.#connections.drain(options);
  }

  /**
   * Refuses upgrades with 503 from now on, closes the connections with 1001, and lets go of the server. Resolves when
   * all are gone.
   */
  async close(): Promise<void> {
    this.#place.isClosing = true;
    await this.#connections.closeAll();
    this.#detach();
    this.#wss.close();
  }

  /**
   * Serves a client that no WebSocket gets through to: a POST to the path, whose answer is a stream of server-sent events.
   * `onUpgrade` decides about it too. Call it from your server's own listener of requests.
   * @param headers of the stream, beside its own
   * @returns false for any other request, which stays yours
   * @example createServer((request, response) => broadcaster.serveStream(request, response) || app(request, response))
   */
  serveStream(request: IncomingMessage, response: ServerResponse, headers?: Head['headers']): boolean {
    const { path, isClosing } = this.#place;
    if (request.method !== 'POST' || pathOf(request) !== path) return false;
    // Its client left while the server's own code had it: nothing would tell of its end.
    if (response.closed) return true;
    // Whoever has not been asked to move yet still has calls; a stream that begins would have to move at once.
    const isTaken = !isClosing && (!this.#drains || hasOnlyCalls(request));
    let decision: ReturnType<OnUpgrade> = { status: 503, code: 'CLOSED' };
    if (!response.socket && !response.closed) decision = PIPELINED;
    else if (isTaken) decision = decide(this.#onUpgrade, request, this.#reportFailure);
    if (typeof decision === 'object') {
      this.#tellRefused(decision);
      void refuseRequest(request, response, decision);
      return true;
    }
    if (decision) response.once('close', decision);
    serveMessages(request, response, this.#serve, headers).catch((cause: unknown) => {
      const refusal = refusalOf(cause);
      if (refusal.status === 413) this.#instruments.refused('BODY_TOO_LARGE');
      void refuseRequest(request, response, refusal);
    });
    return true;
  }

  readonly #take: Upgrade = (request, socket, head) => {
    if (pathOf(request) !== this.#place.path) return this.#refuse(socket, { status: 404, code: 'PATH' });
    if (this.#drains || this.#place.isClosing) return this.#refuse(socket, { status: 503, code: 'CLOSED' });
    const decision = decide(this.#onUpgrade, request, this.#reportFailure);
    if (typeof decision === 'object') return this.#refuse(socket, decision);
    if (decision) socket.once('close', decision);
    this.#wss.handleUpgrade(request, socket, head, (ws) => this.#wss.emit('connection', ws, request));
  };

  #refuse(socket: Duplex, refusal: UpgradeRefusal): void {
    this.#tellRefused(refusal);
    endWith(socket, refusal.status, refusal.message);
  }

  #tellRefused({ status, message, code = 'UPGRADE' }: UpgradeRefusal): void {
    this.#instruments.refused(code);
    this.#logger.debug({ code, status, reason: message }, 'A connection was refused');
  }

  #tell(connection: Connection): void {
    const { id } = connection;
    this.#instruments.opened();
    this.#logger.debug({ connection: id }, 'A client connected');
    connection.onClosed((code, { endedHere }) => {
      this.#logger.debug({ connection: id, code }, 'A client disconnected');
      this.#instruments.closed(code, endedHere ? 'server' : 'client');
    });
  }
}

/** The versions of the WebSocket protocol that are spoken, which RFC 6455 has a server name to who speaks another. */
const SPOKEN_WEBSOCKETS = { 'sec-websocket-version': '13, 8' };

function pathOf({ url }: IncomingMessage): string | undefined {
  return url?.split('?', 1)[0];
}

import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AnyTRPCRouter } from '@trpc/server';
import { WebSocketServer } from 'ws';
import { CloseCode } from '../../shared/protocol.ts';
import { INPUT_LIMITS } from '../../shared/wire/limits.ts';
import type { createAccessContext } from '../access/access-context.ts';
import { isAllowedOrigin, ORIGIN_REFUSAL } from '../access/names/origins.ts';
import { HOST_REFUSAL } from '../access/names/served-hosts.ts';
import { applyBroadcastWSSHandler, type BroadcastWSSHandler } from '../broadcaster/apply-handler.ts';
import { COMPRESSION } from '../broadcaster/core/compression.ts';
import { WEBSOCKET_LIMITS } from '../broadcaster/core/limits.ts';
import { connectionId } from '../broadcaster/socket/connection-id.ts';
import { cutCode, SILENT_GRACE_MS } from '../broadcaster/socket/cut.ts';
import type { PendingAnswers } from '../broadcaster/upgrade/pending-answers.ts';
import { type Upgrade, upgradeListener } from '../broadcaster/upgrade/upgrades.ts';
import type { ClientLimits } from '../limits/limits.ts';
import { HANDSHAKE_SPARE_MS } from '../limits/limits-config.ts';
import type { Traffic } from '../metrics/gauges.ts';
import type { Instruments } from '../telemetry/instruments.ts';
import type { Logger } from '../telemetry/logger.ts';
import { logFailure } from './http/log-failure.ts';
import { MAX_BODY_BYTES } from './http/node/body.ts';
import { endWith } from './http/node/client-error.ts';

/** Ms of silence after which a client is asked whether it is there: proxies drop what is idle for a minute. */
const PING_MS = 25_000;
/** Ms for the answer to a close. */
const CLOSING_MS = 1_000;
/** Bytes of one call over a WebSocket. */
const MAX_CALL_BYTES = 64 * 1024;

export interface WebSocketsOptions {
  router: AnyTRPCRouter;
  /** The only path that is upgraded. */
  path: string;
  /** Lets connections in. */
  createContext: ReturnType<typeof createAccessContext>;
  /** Tells if a request names a host that is served. */
  isServedHost: (request: IncomingMessage) => boolean;
  allowedOrigins: readonly string[];
  /** The answers of the server that are not given yet. */
  pending: PendingAnswers;
  /** True if events go compressed to clients that take it. */
  compression: boolean;
  limits: ClientLimits;
  /** Ms after which a client that announced a first message and sent none is gone. */
  handshakeTimeoutMs: number;
  logger: Logger;
  instruments: Instruments;
}

/** The tRPC WebSockets of an HTTP server. */
export interface WebSockets {
  /** The open connections, and a way to end one. */
  readonly broadcaster: Pick<BroadcastWSSHandler, 'connections' | 'disconnect'>;
  /** Number of open connections. */
  readonly size: number;
  /** Their traffic. */
  readonly traffic: Traffic;
  /** Refuses upgrades from now on. */
  refuse(): void;
  /** Functions that ask each client to connect again. It does so beside the old connection, and then leaves: nothing is lost. */
  readonly requestsToMove: readonly (() => void)[];
  /** Gives clients `graceMs` to leave by themselves, then closes the rest with 1001. */
  close(graceMs: number): Promise<void>;
}

/** Serves a router over WebSockets on an HTTP server; every other upgrade is refused. */
export function attachWebSockets(server: Server, options: WebSocketsOptions): WebSockets {
  const { router, path, createContext, allowedOrigins, compression, limits, logger, instruments } = options;
  const { isServedHost, pending } = options;
  const wss = new WebSocketServer({
    noServer: true,
    ...WEBSOCKET_LIMITS,
    maxPayload: MAX_BODY_BYTES, // clients put what they are asked in one turn into one message
    perMessageDeflate: compression && COMPRESSION,
  });
  const handler = applyBroadcastWSSHandler({
    wss,
    router,
    createContext,
    pongAfterContext: true,
    maxCallBytes: MAX_CALL_BYTES,
    maxMessageValues: INPUT_LIMITS.maxNodes,
    firstMessageTimeoutMs: options.handshakeTimeoutMs - SILENT_GRACE_MS - HANDSHAKE_SPARE_MS, // to be gone by then
    keepAlive: { enabled: true, pingMs: PING_MS },
    onError: (failure) => {
      const from = { connection: connectionId(failure.req.socket) };
      logFailure({ logger, instruments }, { ...failure, from });
    },
  });
  let stopping = false;
  const past = { receivedBytes: 0, sentBytes: 0 };
  const sockets = new Set<Socket>();
  wss.on('connection', (ws, { socket }) => {
    sockets.add(socket);
    instruments.opened();
    const connection = connectionId(socket);
    logger.debug({ connection }, 'Connected');
    ws.once('close', (code) => {
      logger.debug({ connection, code: cutCode(ws) ?? code }, 'Disconnected');
      sockets.delete(socket);
      past.receivedBytes += socket.bytesRead;
      past.sentBytes += socket.bytesWritten;
      instruments.closed(cutCode(ws) ?? code);
    });
  });

  const take: Upgrade = (request, socket, head) => {
    const refuse = (status: number, code: string, message?: string) => {
      instruments.refused(code);
      endWith(socket, status, message);
    };
    if (!isServedHost(request)) return refuse(403, 'HOST', HOST_REFUSAL);
    if (request.url?.split('?', 1)[0] !== path) return refuse(404, 'PATH');
    if (stopping) return refuse(503, 'CLOSED');
    if (!isAllowedOrigin(request, allowedOrigins)) return refuse(403, 'ORIGIN', ORIGIN_REFUSAL);
    const release = limits.connections.admit(limits.addressOf(request));
    if (!release) return refuse(429, 'TOO_MANY_CONNECTIONS');
    socket.once('close', release);
    wss.handleUpgrade(request, socket, head, (ws) => wss.emit('connection', ws, request));
  };
  server.on('upgrade', upgradeListener({ server, pending, take }));

  return {
    broadcaster: handler,
    get size() {
      return wss.clients.size;
    },
    get traffic() {
      const traffic = { connections: sockets.size, ...past };
      for (const { bytesRead, bytesWritten } of sockets) {
        traffic.receivedBytes += bytesRead;
        traffic.sentBytes += bytesWritten;
      }
      return traffic;
    },
    refuse() {
      stopping = true;
    },
    get requestsToMove() {
      return Array.from(wss.clients, (ws) => () => handler.askToReconnect(ws));
    },
    async close(graceMs) {
      await allGone(wss, graceMs);
      for (const ws of wss.clients) ws.close(CloseCode.GOING_AWAY, 'the server stops');
      await allGone(wss, CLOSING_MS);
      for (const ws of wss.clients) ws.terminate();
      wss.close();
    },
  };
}

/** Resolves when no client is connected any more, or after `ms`. */
async function allGone(wss: WebSocketServer, ms: number): Promise<void> {
  const gone = [...wss.clients].map((ws) => new Promise((resolve) => ws.once('close', resolve)));
  await Promise.race([Promise.all(gone), sleep(ms, undefined, { ref: false })]);
}

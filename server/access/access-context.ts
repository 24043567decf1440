import type { IncomingMessage } from 'node:http';
import { TRPCError } from '@trpc/server';
import { WebSocket } from 'ws';
import { EventsError } from '../../shared/errors.ts';
import { checkOptions } from '../../shared/options/known-options.ts';
import { CloseCode, PROTOCOL_HEADER, requireSpokenVersion } from '../../shared/protocol.ts';
import { LONGEST_TIMER_MS, onAbort } from '../../shared/timing.ts';
import type { ClientConnection } from '../broadcaster/core/options.ts';
import { SocketLife } from '../broadcaster/socket/socket-life.ts';
import type { Asker } from '../event-manager/reading/asker.ts';
import type { Allowance } from '../limits/publish-rate.ts';
import { SocketAsker } from '../limits/socket-asker.ts';
import { toTRPCError } from '../trpc/errors.ts';
import type { Session } from './sessions/session.ts';
import type { Sessions } from './sessions/sessions.ts';
import type { Authenticate, Credentials } from './tokens/authenticate.ts';
import { readCredentials } from './tokens/credentials.ts';
import type { Subject } from './tokens/subject.ts';

/** Ms before its token expires at which a client is asked to reconnect with a fresh one; if less than three times that is left, a third of it. */
const RENEWAL_MS = 30_000;
/** Clients with less time left are not asked: they would come back with the same token again and again. */
const LEAST_MS = 500;

/** The tRPC context of a server with authentication. */
export interface AccessContext {
  /** Session of the connection or request; undefined without authentication. */
  session?: Session | undefined;
  /** The caller's remaining publishes; undefined where they are not limited. */
  allowance?: Allowance | undefined;
  /** The asker on whose turns logs are read; undefined where each call has its own. */
  asker?: Asker | undefined;
}

/** Options of {@link createAccessContext}. */
export interface AccessContextOptions {
  authenticate: Authenticate;
  sessions: Sessions;
  /** Origins whose cookies count, besides the server's own. Default none. */
  allowedOrigins?: readonly string[] | undefined;
  /** Tells the client's address. Default: the peer's, which is the proxy's behind a proxy. */
  addressOf?: ((request: IncomingMessage) => string) | undefined;
  /** Makes a subject's allowance of publishes. Default: publishes are not counted. */
  allowance?: ((subject: Subject, address: string) => Allowance | undefined) | undefined;
}

/** Arguments of `createContext` from tRPC's adapters: `node:http`'s objects, or fastify's around them. */
interface ContextSource {
  req: IncomingMessage | { raw: IncomingMessage };
  res: WebSocket | Closing | { raw: Closing };
  info: { connectionParams: Credentials['connectionParams'] };
  /** The WebSocket, where our own adapter serves it. */
  connection?: ClientConnection | undefined;
}

/** The response of a request. */
interface Closing {
  readonly closed: boolean;
  once(event: 'close', listener: () => void): unknown;
}

/**
 * Makes `createContext` for a server's WebSockets and HTTP. A client is asked to reconnect before its token expires: tRPC's
 * client opens the new connection before it leaves the old one, and is not interrupted. A socket is closed when its session
 * ends: with 4401 when it expired, with 4503 when it was revoked. A socket that is refused is closed after the error: with
 * 4401, 4501 or 4505.
 *
 * @example applyBroadcastWSSHandler({ wss, router, createContext: createAccessContext({ authenticate, sessions }) })
 * @throws TypeError where an option is none
 */
export function createAccessContext(options: AccessContextOptions) {
  checkOptions('createAccessContext', options, {
    authenticate: 1,
    sessions: 1,
    allowedOrigins: 1,
    addressOf: 1,
    allowance: 1,
  });
  const { authenticate, sessions, allowedOrigins = [], allowance } = options;
  const { addressOf = (request: IncomingMessage) => request.socket.remoteAddress ?? '' } = options;
  return async ({
    req,
    res,
    info,
    connection,
  }: ContextSource): Promise<Required<Pick<AccessContext, 'session'>> & AccessContext> => {
    const socket = connection ?? (res instanceof WebSocket ? new SocketLife(res) : undefined);
    try {
      const request = 'raw' in req ? req.raw : req;
      requireSpokenVersion(
        info.connectionParams?.[PROTOCOL_HEADER] ?? [request.headers[PROTOCOL_HEADER]].flat()[0],
      );
      const address = addressOf(request);
      const credentials = readCredentials({
        req: request,
        address,
        connectionParams: info.connectionParams,
        isWebSocket: socket !== undefined,
        allowedOrigins,
      });
      const session = sessions.open(await authenticate(credentials));
      if (socket) followSocket(socket, session);
      else if (!(res instanceof WebSocket)) followResponse('raw' in res ? res.raw : res, session);
      const asker = new SocketAsker(request.socket, socket === undefined);
      return { session, allowance: allowance?.(session.subject, address), asker };
    } catch (error) {
      if (socket) closeAfterErrors(socket, error);
      throw error instanceof EventsError ? toTRPCError(error) : error;
    }
  };
}

function followSocket(socket: ClientConnection, session: Session): void {
  if (!socket.open) {
    session.close();
    return;
  }
  const timer = askInTime(socket, session.leftMs);
  onAbort(socket.closed, () => {
    clearTimeout(timer);
    session.close();
  });
  session.signal.addEventListener('abort', () => {
    const [code, reason] = isExpiry(session.signal.reason)
      ? ([CloseCode.TOKEN_EXPIRED, 'the token expired'] as const)
      : ([CloseCode.FORBIDDEN, 'the session was revoked'] as const);
    // One that is closing has its time already: nothing new is made for it, and what was made is taken to its end.
    if (socket.open) socket.close(code, reason);
  });
}

function askInTime(socket: ClientConnection, leftMs: number): NodeJS.Timeout | undefined {
  if (leftMs < LEAST_MS || leftMs > LONGEST_TIMER_MS) return undefined;
  return setTimeout(() => socket.askToReconnect(), leftMs - Math.min(RENEWAL_MS, leftMs / 3));
}

function followResponse(response: Closing, session: Session): void {
  if (response.closed) session.close();
  else response.once('close', () => session.close());
}

/** Closes a refused socket in the next turn of the event loop: by then the waiting requests are answered with the error. */
function closeAfterErrors(socket: ClientConnection, error: unknown): void {
  if (isExpiry(error)) setImmediate(() => socket.close(CloseCode.TOKEN_EXPIRED, 'the token expired'));
  else if (error instanceof EventsError && error.code === 'UNKNOWN_VERSION')
    setImmediate(() => socket.close(CloseCode.UNKNOWN_VERSION, 'unknown version of the protocol'));
  else if (isRefusal(error)) setImmediate(() => socket.close(CloseCode.UNAUTHENTICATED, 'not authenticated'));
}

function isExpiry(error: unknown): boolean {
  return error instanceof EventsError && error.code === 'TOKEN_EXPIRED';
}

function isRefusal(error: unknown): boolean {
  if (error instanceof TRPCError) return error.code === 'UNAUTHORIZED' || error.code === 'FORBIDDEN';
  return error instanceof EventsError && (error.code === 'UNAUTHENTICATED' || error.code === 'FORBIDDEN');
}

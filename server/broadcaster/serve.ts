import type { IncomingMessage } from 'node:http';
import { getTRPCErrorFromUnknown } from '@trpc/server';
import type { RawData } from 'ws';
import { CloseCode } from '../../shared/close-codes.ts';
import type { Connection } from './connection.ts';
import { type ContextResult, createContext } from './context.ts';
import { cut, SILENT_GRACE_MS } from './cut.ts';
import { keepAlive } from './keep-alive.ts';
import { type Payload, readConnectionParams, readPayload, readRequests } from './messages.ts';
import { answer } from './request.ts';

/** Serves one client until its socket closes. Nothing a client sends can throw out of here. */
export function serve(connection: Connection): void {
  const { ws, req, setup } = connection;
  ws.on('error', (cause) => connection.report(cause)); // first: without it, six malformed bytes end the process
  ws.once('close', () => connection.end());
  if (setup.options.keepAlive?.enabled) {
    keepAlive(ws, setup.options.keepAlive.pingMs, setup.options.keepAlive.pongWaitMs);
  }

  let context: Promise<ContextResult> | undefined;
  let firstMessageTimer: NodeJS.Timeout | undefined;
  if (announcesParams(req)) {
    firstMessageTimer = setTimeout(
      () => cut(ws, CloseCode.HANDSHAKE_TIMEOUT, 'no connection params arrived', SILENT_GRACE_MS),
      setup.limits.firstMessageTimeoutMs,
    );
    ws.once('close', () => clearTimeout(firstMessageTimer));
  } else {
    context = createContext(connection, () => null);
  }

  const receive = (payload: Payload) => {
    if (!context) {
      clearTimeout(firstMessageTimer);
      context = createContext(connection, () => readConnectionParams(connection, payload));
      return;
    }
    for (const [index, request] of readRequests(connection, payload).entries()) {
      answer(connection, request, index, context).catch((cause: unknown) => connection.reportFailure(cause));
    }
  };

  let pongOwed = false; // one answers all that were asked before it
  const pong = (): void => {
    const { dangerouslyDisablePong, pongAfterContext } = setup.options;
    if (dangerouslyDisablePong || pongOwed) return;
    if (!context || !pongAfterContext) {
      connection.send('PONG');
      return;
    }
    pongOwed = true;
    void context.then(({ ok }) => {
      pongOwed = false;
      if (ok) connection.send('PONG');
    });
  };

  ws.on('ping', () => holdReading(connection)); // `ws` answers it, and hangs up when many answers wait
  ws.on('message', (raw, isBinary) => {
    if (!connection.open) return; // no reply could be sent: better not run at all
    holdReading(connection);
    const text = isBinary ? null : heartbeat(raw);
    if (text === 'PING') pong();
    if (text !== null) return;
    let payload: Payload;
    try {
      payload = readPayload(raw, isBinary);
    } catch (cause) {
      connection.rejectSafely(getTRPCErrorFromUnknown(cause));
      return;
    }
    receive(payload);
  });
}

/** Whether the client says that its first message brings connection params. */
function announcesParams(req: IncomingMessage): boolean {
  const [, query] = req.url?.split('?', 2) ?? [];
  return new URLSearchParams(query).get('connectionParams') === '1';
}

/** Reads no further from a client that is behind with taking answers, or has asked too much already. */
function holdReading({ ws, behind, backlog, turnstile }: Connection): void {
  if (ws.isPaused) return;
  let over: Promise<void>;
  if (behind) over = backlog.drained();
  else if (turnstile.crowded) over = turnstile.pass(async () => {});
  else return;
  ws.pause();
  void over.then(() => ws.resume());
}

/** `PING` and `PONG` are text, whatever the encoder. */
function heartbeat(raw: RawData): 'PING' | 'PONG' | null {
  if (Buffer.isBuffer(raw) && raw.length !== 4) return null;
  const text = raw.toString();
  return text === 'PING' || text === 'PONG' ? text : null;
}

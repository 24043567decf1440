import type { IncomingMessage } from 'node:http';
import { getTRPCErrorFromUnknown } from '@trpc/server';
import type { RawData } from 'ws';
import { CloseCode } from '../../../shared/protocol.ts';
import type { Connection } from '../socket/connection.ts';
import { SILENT_GRACE_MS } from '../socket/socket-life.ts';
import { type ContextResult, createContext } from './context.ts';
import { Inbox } from './inbox.ts';
import { type Payload, readConnectionParams, readPayload, readRequests } from './messages.ts';
import { answer } from './request.ts';

/** Serves one client until its socket closes. Nothing a client sends can throw out of here. */
export function serve(connection: Connection): void {
  const { ws, req, setup } = connection;
  ws.on('error', (cause) => connection.report(cause)); // first: without it, six malformed bytes end the process
  if (setup.options.keepAlive?.enabled) {
    keepAlive(connection, setup.options.keepAlive.pingMs, setup.options.keepAlive.pongWaitMs);
  }

  let context: Promise<ContextResult> | undefined;
  let firstMessageTimer: NodeJS.Timeout | undefined;
  if (announcesParams(req)) {
    firstMessageTimer = setTimeout(
      () => connection.close(CloseCode.HANDSHAKE_TIMEOUT, 'no connection params arrived', SILENT_GRACE_MS),
      setup.limits.firstMessageTimeoutMs,
    );
    connection.onClosed(() => clearTimeout(firstMessageTimer));
  } else {
    context = createContext(connection, () => null);
  }

  function* receive(payload: Payload): Generator<number, void, undefined> {
    if (!context) {
      clearTimeout(firstMessageTimer);
      context = createContext(connection, () => readConnectionParams(connection, payload));
      return;
    }
    const requests = readRequests(connection, payload);
    const bytes = payload.length / requests.length; // of each, about
    for (const [index, request] of requests.entries()) {
      if (index > 0) yield bytes;
      answer(connection, request, { index, bytes }, context).catch((cause: unknown) =>
        connection.reportFailure(cause),
      );
    }
  }

  let pongOwed = false; // one answers all that are asked before it can be told
  const pong = (): void => {
    const { dangerouslyDisablePong, pongAfterContext } = setup.options;
    if (dangerouslyDisablePong || pongOwed) return;
    if (!context || !pongAfterContext || connection.context !== undefined) {
      connection.send('PONG');
      return;
    }
    pongOwed = true;
    void context.then(({ ok }) => {
      pongOwed = false;
      if (ok) connection.send('PONG');
    });
  };

  function* read(message: RawData | 'PING', isBinary: boolean): Generator<number, void, undefined> {
    if (message === 'PING') return pong();
    let payload: Payload;
    try {
      payload = readPayload(message, isBinary);
    } catch (cause) {
      connection.rejectSafely(getTRPCErrorFromUnknown(cause));
      return;
    }
    yield* receive(payload);
  }

  const inbox = new Inbox<{ data: RawData | 'PING'; isBinary: boolean }>({
    turns: setup.turns,
    serve: ({ data, isBinary }) => read(data, isBinary),
    hold: () => hold(connection),
    source: ws,
  });
  ws.on('message', (raw, isBinary) => {
    if (!connection.open) return; // no reply could be sent: better not run at all
    const text = isBinary ? null : heartbeat(raw);
    if (text === 'PONG') return;
    inbox.add({ data: text ?? raw, isBinary }, Buffer.isBuffer(raw) ? raw.length : 0);
  });
}

/**
 * Sends the text `PING` after `pingMs` of silence, and hangs up if nothing arrives within `pongWaitMs` of it. While the
 * server itself reads nothing from a client, its silence says nothing about it.
 * @param pingMs milliseconds, default 30 000
 * @param pongWaitMs milliseconds, default 5000
 */
function keepAlive(connection: Connection, pingMs = 30_000, pongWaitMs = 5_000): void {
  const { ws } = connection;
  let timer: NodeJS.Timeout;
  const waitForSilence = () => {
    timer = setTimeout(() => {
      ws.send('PING');
      timer = setTimeout(() => (ws.isPaused ? waitForSilence() : ws.terminate()), pongWaitMs);
    }, pingMs);
  };
  waitForSilence();
  ws.on('message', () => {
    clearTimeout(timer);
    waitForSilence();
  });
  connection.onClosed(() => clearTimeout(timer));
}

/** Tells if the client says that its first message brings connection params. */
function announcesParams(req: IncomingMessage): boolean {
  const [, query] = req.url?.split('?', 2) ?? [];
  return new URLSearchParams(query).get('connectionParams') === '1';
}

/** Nothing more is done for a client that is behind with taking answers, or has asked too much already. */
function hold(connection: Connection): Promise<void> | undefined {
  if (connection.behind) return connection.caughtUp();
  if (connection.turnstile.crowded) return connection.turnstile.calm();
  return undefined;
}

/** `PING` and `PONG` are text, whatever the encoder. */
function heartbeat(raw: RawData): 'PING' | 'PONG' | null {
  if (Buffer.isBuffer(raw) && raw.length !== 4) return null;
  const text = raw.toString();
  return text === 'PING' || text === 'PONG' ? text : null;
}

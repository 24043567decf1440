import type { IncomingMessage } from 'node:http';
import { getTRPCErrorFromUnknown } from '@trpc/server';
import type { RawData } from 'ws';
import { CloseCode } from '../../../shared/protocol.ts';
import type { MessageTurns } from '../core/message-turns.ts';
import type { Connection } from '../socket/connection.ts';
import { SILENT_GRACE_MS, SLOW_GRACE_MS } from '../socket/socket-life.ts';
import { type ContextResult, createContext } from './context.ts';
import { Inbox, type InboxOwner, type Steps } from './inbox.ts';
import { type Payload, readConnectionParams, readPayload, readRequests } from './messages.ts';
import { answer } from './request.ts';

/** Serves one client until its socket closes. Nothing a client sends can throw out of here. */
export function serve(connection: Connection): void {
  new Conversation(connection).begin();
}

/** RFC 6455: what was asked is done. */
const ANSWERED = 1000;

interface Message {
  readonly data: RawData | 'PING';
  readonly isBinary: boolean;
}

/** One client's messages, from the first on. */
class Conversation implements InboxOwner<Message> {
  readonly #connection: Connection;
  readonly #inbox = new Inbox<Message>(this);
  /** Undefined while connection params are waited for. */
  #context: Promise<ContextResult> | undefined;
  #firstMessageTimer: NodeJS.Timeout | undefined;
  /** True when all messages have come of a client that is to be answered and left. */
  #isWhole = false;
  /** Calls that are being answered. A subscription is none: nobody who leaves when all calls are answered waits for its end. */
  #answering = 0;
  /** One pong answers all that are asked before it can be told. */
  #pongOwed = false;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  begin(): void {
    const connection = this.#connection;
    const { ws, req, setup } = connection;
    ws.on('error', (cause) => this.#onError(cause)); // first: without it, six malformed bytes end the process
    const { keepAlive } = setup.options;
    // A stream of events has pings of its own, and nobody to answer them.
    if (keepAlive?.enabled && !connection.outlet.events)
      sendPings(connection, keepAlive.pingMs, keepAlive.pongWaitMs);
    if (announcesParams(req)) this.#awaitParams();
    else this.#context = createContext(connection, () => null);
    ws.on('message', (data, isBinary) => this.#onMessage(data, isBinary));
    if (connection.outlet.events) {
      ws.once('end', () => {
        this.#isWhole = true;
        void this.#context?.then(() => this.onIdle());
      });
    }
  }

  get turns(): MessageTurns {
    return this.#connection.setup.turns;
  }

  get source(): InboxOwner<Message>['source'] {
    return this.#connection.ws;
  }

  *serve({ data, isBinary }: Message): Steps {
    if (data === 'PING') return this.#pong();
    let payload: Payload;
    try {
      payload = readPayload(data, isBinary);
    } catch (cause) {
      this.#connection.rejectSafely(getTRPCErrorFromUnknown(cause));
      return;
    }
    yield* this.#receive(payload);
  }

  /** Nothing more is done for a client that is behind with taking answers, or has asked too much already. */
  hold(): Promise<void> | undefined {
    const connection = this.#connection;
    if (connection.behind) return connection.caughtUp();
    if (connection.crowded) return connection.turnstile.calm();
    return undefined;
  }

  #awaitParams(): void {
    const connection = this.#connection;
    this.#firstMessageTimer = setTimeout(
      () => connection.close(CloseCode.HANDSHAKE_TIMEOUT, 'no connection params arrived', SILENT_GRACE_MS),
      connection.setup.limits.firstMessageTimeoutMs,
    );
    connection.onClosed(() => clearTimeout(this.#firstMessageTimer));
  }

  /** A message that is too large, or no frame: `ws` has begun to close, with the reason. */
  #onError(cause: Error): void {
    this.#connection.report(cause);
    this.#connection.close(undefined, '', SLOW_GRACE_MS);
  }

  #onMessage(raw: RawData, isBinary: boolean): void {
    if (!this.#connection.open) return; // no reply could be sent: better not run at all
    const text = isBinary ? null : heartbeat(raw);
    if (text === 'PONG') return;
    this.#inbox.add({ data: text ?? raw, isBinary }, Buffer.isBuffer(raw) ? raw.length : 0);
  }

  *#receive(payload: Payload): Steps {
    const connection = this.#connection;
    if (!this.#context) {
      clearTimeout(this.#firstMessageTimer);
      this.#firstMessageTimer = undefined;
      this.#context = createContext(connection, () => readConnectionParams(connection, payload));
      return;
    }
    const requests = readRequests(connection, payload);
    const bytes = payload.length / requests.length; // of each, about
    for (const [index, request] of requests.entries()) {
      if (index > 0) yield bytes;
      const answered = answer(connection, request, { index, bytes }, this.#context).catch((cause: unknown) =>
        connection.reportFailure(cause),
      );
      if (request.method === 'subscription') continue;
      this.#answering += 1;
      void answered.finally(() => {
        this.#answering -= 1;
        this.onIdle();
      });
    }
  }

  /** Ends a stream of answers that are all given. One whose client was not let in is ended with the reason. */
  onIdle(): void {
    if (!this.#isWhole || this.#answering > 0 || this.#inbox.isBusy || !this.#connection.admitted) return;
    // Its client takes the answers in its own time: it is hung up on if it takes nothing, as while they are made.
    this.#connection.close(ANSWERED, 'answered', Number.POSITIVE_INFINITY);
  }

  #pong(): void {
    const connection = this.#connection;
    const { dangerouslyDisablePong, pongAfterContext } = connection.setup.options;
    if (dangerouslyDisablePong || this.#pongOwed) return;
    if (!this.#context || !pongAfterContext || connection.context !== undefined) {
      connection.send('PONG');
      return;
    }
    this.#pongOwed = true;
    void this.#context.then(({ ok }) => {
      this.#pongOwed = false;
      if (ok) connection.send('PONG');
    });
  }
}

/**
 * Sends the text `PING` after `pingMs` of silence, and hangs up if nothing arrives within `pongWaitMs` of it. While the
 * server itself reads nothing from a client, its silence says nothing about it.
 * @param pingMs milliseconds, default 30 000
 * @param pongWaitMs milliseconds, default 5000
 */
function sendPings(connection: Connection, pingMs = 30_000, pongWaitMs = 5_000): void {
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

/** `PING` and `PONG` are text, whatever the encoder. */
function heartbeat(raw: RawData): 'PING' | 'PONG' | null {
  if (Buffer.isBuffer(raw) && raw.length !== 4) return null;
  const text = raw.toString();
  return text === 'PING' || text === 'PONG' ? text : null;
}

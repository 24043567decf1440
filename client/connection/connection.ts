import type { TRPCWebSocketClient } from '@trpc/client';
import { createWSClient } from '@trpc/client/links/wsLink/wsLink';
import { EventsError, isRetryable } from '../../shared/errors.ts';
import { mayReconnect } from '../../shared/protocol.ts';
import { endError, lossError, NO_CODE, NO_WORDS, rootOf } from '../failures/connection-loss.ts';
import { toError } from '../failures/errors.ts';
import { answerError } from '../failures/http-status.ts';
import { developerWarnings, tellAll } from '../failures/report.ts';
import { Attempts, REPLACED } from './attempts.ts';
import { type ConnectionOptions, checkKeepAlive } from './connection-options.ts';
import {
  type Connection,
  type ConnectionEvent,
  type ConnectionState,
  INITIAL_CONNECTION,
  isOnline,
  nextConnection,
  refusalOf,
} from './connection-state.ts';
import { askParams } from './credentials.ts';
import { LastEvent } from './last-event.ts';
import { LossCause } from './loss-cause.ts';
import { probe } from './probe.ts';
import { onRefusedUpgrade } from './transports/load-web-socket.ts';
import { messageEncoder } from './transports/messages.ts';
import { refusalWords } from './transports/refusal-words.ts';
import { impatientWebSocket, onAdmission, replace } from './transports/socket.ts';
import { SocketClasses } from './transports/socket-classes.ts';
import { type Transport, Transports } from './transports/transports.ts';
import { toWebSocketUrl } from './url.ts';

/** A connection that has lasted this long was a good one: the waits begin anew. */
const SETTLED_MS = 5000;
/** Key of the warning that nothing is heard of a server: told once, though each attempt may fail with other words. */
const UNHEARD = '';
/** Ms of silence after which a connection is tested. */
const INTERVAL_MS = 5000;

/**
 * A connection by tRPC's WebSocket client, with our own waits: that client asks for the address before each attempt, and
 * gets it when the wait before the attempt is over.
 */
export class SocketConnection implements Connection {
  /** For `wsLink`. */
  readonly client: TRPCWebSocketClient;
  /** The endpoint. */
  readonly url: string;
  /** True once a server could be sent something. */
  wasOpen = false;
  readonly #ended = new AbortController();
  readonly #askParams: () => Promise<Record<string, string> | null>;
  readonly #report: (error: Error) => void;
  readonly #attempts = new Attempts(
    (event) => this.#apply(event),
    () => this.#prepare(),
  );
  readonly #transports: Transports;
  readonly #classes: SocketClasses;
  readonly #sockets = new Set<WebSocket>();
  /** Sockets in whose place another one was let in, or that were left for what came: how they end says nothing of the connection. */
  readonly #retired = new WeakSet<object>();
  readonly #listeners = new Set<(state: ConnectionState) => void>();
  #state = INITIAL_CONNECTION;
  /** The transport of the connection, or of the last attempt. */
  #transport: Transport = 'ws';
  /** The transport of the attempt under way, whatever comes first by the time its token is there. */
  #attempted: Transport = 'ws';
  #params: Record<string, string> | null = null;
  #openedAt = 0;
  readonly #lastEvent = new LastEvent((event) => this.#apply(event));
  readonly #cause: LossCause;
  readonly #warn = developerWarnings();

  /** @param report takes the errors of listeners */
  constructor(options: ConnectionOptions, report: (error: Error) => void) {
    const { url, token, connectionParams, WebSocket, keepAlive, transports } = options;
    this.#report = report;
    this.url = toWebSocketUrl(url);
    this.#askParams = () => askParams(connectionParams, token);
    this.#transports = new Transports(transports);
    this.#cause = new LossCause({
      url: this.url,
      asksWebSocket: this.#transports.has('ws'),
      signal: this.#ended.signal,
      isMoot: () => this.#state.status === 'live' || this.#isClosed(),
      tell: (cause) => this.#applyLost(lossError(cause, this.url)),
    });
    this.#classes = new SocketClasses(WebSocket, {
      heartbeatMs: keepAlive?.intervalMs ?? INTERVAL_MS,
      onFailure: (socket, error, isHeldBack) => {
        if (this.#retired.has(socket)) return;
        this.#cause.failed(error, isHeldBack);
        if (error instanceof EventsError) this.#attempts.askedMs = error.retryAfterMs ?? 0;
        if (isHeldBack) this.#warn(error.message, UNHEARD);
      },
      probe,
    });
    checkKeepAlive(keepAlive);
    this.client = createWSClient({
      url: () => {
        this.#settle();
        return this.#attempts.next();
      },
      retryDelayMs: () => 0, // the attempts wait
      WebSocket: impatientWebSocket(
        () => this.#classes.of(this.#attempted),
        (socket, hung) => this.#watch(socket, this.#attempted, hung),
        () => this.#transports.openingMs,
      ),
      experimental_encoder: messageEncoder((why) => this.#onForeign(why)),
      keepAlive: { enabled: true, intervalMs: INTERVAL_MS, pongTimeoutMs: 3000, ...keepAlive },
      ...((token !== undefined || connectionParams !== undefined) && {
        connectionParams: () => this.#params,
      }),
    });
    this.client.connectionState.subscribe({
      next: ({ state, error }) => {
        if (state !== 'connecting' || !error || rootOf(error) === REPLACED) return;
        this.#settle();
        this.#cause.lost(error);
      },
    });
    const { signal } = this.#ended;
    globalThis.addEventListener?.('online', this.#onNetwork, { signal });
    globalThis.addEventListener?.('offline', this.#onNetwork, { signal });
  }

  get state(): ConnectionState {
    return this.#state;
  }

  get transport(): Transport | null {
    return this.#state.transport;
  }

  subscribe(listener: (state: ConnectionState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  retry(): void {
    this.#attempts.hurry();
  }

  /** The server answered: it has let us in, and takes what we ask. */
  onReply(): void {
    this.#attempts.retries = 0;
    this.#onAdmitted();
  }

  /** An event arrived. */
  onEvent(): void {
    if (!this.#isClosed()) this.#lastEvent.arrived();
  }

  /** Ends it for good. @param error why, if nobody asked for it */
  close(error: Error | null = null): void {
    if (this.#isClosed()) return;
    this.#lastEvent.stop();
    this.#ended.abort();
    this.#apply({ type: 'closed', error });
    this.#attempts.hurry();
    this.client.close().catch(() => {}); // its promise may wait for ever for a socket that never opened
    for (const socket of this.#sockets) socket.close();
  }

  async #prepare(): Promise<string> {
    await this.#loadTransport();
    try {
      if (!this.#isClosed()) this.#params = await this.#askParams();
    } catch (thrown) {
      const error = toError(thrown);
      if (isRetryable(error)) throw error;
      this.close(error);
    }
    return this.#isClosed() ? new Promise(() => {}) : this.url; // for ever: tRPC's client would ask again at once
  }

  /** Loads the code of this attempt's transport. One whose code cannot be had, as on a page without a network, has failed. */
  async #loadTransport(): Promise<void> {
    this.#attempted = this.#transports.current;
    try {
      await this.#classes.load(this.#attempted);
    } catch (error) {
      this.#attempts.atOnce = this.#transports.failed();
      throw toError(error);
    }
  }

  #watch(socket: WebSocket, transport: Transport, hung: () => boolean): void {
    let isAdmitted = false;
    const params = this.#params;
    const words = refusalWords(socket);
    this.#sockets.add(socket);
    socket.addEventListener(transport === 'ws' ? 'open' : 'begun', () => (this.wasOpen = true));
    this.#cause.attempted();
    onRefusedUpgrade(socket, (status, message) => {
      if (!this.#transports.hasNext) this.#cause.refused(answerError(status, message, this.url));
    });
    if (this.#state.status !== 'live') this.#transport = transport;
    onAdmission(socket, () => {
      isAdmitted = true;
      for (const other of this.#sockets) if (other !== socket) this.#retired.add(other);
      this.#transport = transport;
      const isDoubtful = this.#transports.admitted(transport);
      // While there is a network: a browser asks but once for a script that it could not load.
      for (const each of this.#transports.order) this.#classes.load(each).catch(() => {});
      if (transport === 'sse' && this.#transports.has('ws') && !isDoubtful)
        this.#warn('events come over server-sent events for 5 minutes: a WebSocket did not get through');
      this.#onAdmitted();
      this.#attempts.admitted(isDoubtful);
      if (isDoubtful) replace(socket);
    });
    socket.addEventListener('close', ({ code, reason }) => {
      if (!this.#sockets.delete(socket)) return;
      // A server that failed as it let us in has said so before it closed without a code.
      const said = code === NO_CODE && !this.#retired.has(socket) && words();
      if (isAdmitted) this.#transports.restart();
      else if (said) this.#cause.refused(new EventsError('UNAVAILABLE', `the server refused it: ${said}`));
      else if (NO_WORDS.includes(code)) this.#attempts.atOnce = this.#transports.failed(hung());
      if (!mayReconnect(code) && !this.#retired.has(socket))
        this.close(endError(code, reason, { params, words: words() }));
    });
  }

  #onAdmitted(): void {
    this.#cause.admitted();
    if (this.#state.status !== 'live') this.#openedAt = performance.now();
    this.#apply({ type: 'admitted', transport: this.#transport });
  }

  /** Begins the waits anew after a connection that lasted. */
  #settle(): void {
    if (this.#state.status === 'live' && performance.now() - this.#openedAt > SETTLED_MS)
      this.#attempts.retries = 0;
  }

  /** The other end is none of ours, so nothing of what it sends is read. */
  #onForeign(why: 'foreign' | 'bare'): void {
    this.#cause.foreign(why);
    for (const socket of this.#sockets) {
      this.#retired.add(socket);
      socket.close();
    }
  }

  #applyLost(error: Error): void {
    this.#apply({
      type: 'lost',
      error,
      attempt: this.#attempts.retries + 1,
      nextRetryAt: this.#attempts.nextRetryAt,
      online: isOnline(),
    });
    const refusal = refusalOf(this.#state);
    if (refusal) this.#warn(`still trying. ${error.message}`);
    else if (!this.wasOpen && this.#attempts.retries > 0)
      this.#warn(`still trying ${this.url}. ${error.message}`, UNHEARD);
  }

  readonly #onNetwork = (): void => {
    this.#apply({ type: 'network', online: isOnline() });
    if (!isOnline()) return;
    if (this.#state.status !== 'live') this.#transports.restart(true);
    this.retry();
  };

  #isClosed(): boolean {
    return this.#state.status === 'closed';
  }

  #apply(event: ConnectionEvent): void {
    const before = this.#state;
    this.#state = nextConnection(before, event);
    if (this.#state === before) return;
    tellAll(this.#listeners, (listener) => listener(this.#state), this.#report);
  }
}

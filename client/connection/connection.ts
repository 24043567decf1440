import type { TRPCWebSocketClient } from '@trpc/client';
import { createWSClient } from '@trpc/client/links/wsLink/wsLink';
import { EventsError, isRetryable } from '../../shared/errors.ts';
import { mayReconnect } from '../../shared/protocol.ts';
import {
  closeCodeOf,
  endError,
  foreignError,
  isOwnFailure,
  lossError,
  NO_WORDS,
  noUpgrade,
  rootOf,
} from '../failures/connection-loss.ts';
import { toError } from '../failures/errors.ts';
import { answerError } from '../failures/http-status.ts';
import { developerWarnings, isolated } from '../failures/report.ts';
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
import { probe } from './probe.ts';
import { refusalWords } from './refusal-words.ts';
import { onRefusedUpgrade } from './transports/load-web-socket.ts';
import { impatientWebSocket, messageEncoder, onAdmission, replace } from './transports/socket.ts';
import { SocketClasses } from './transports/socket-classes.ts';
import { type Transport, Transports } from './transports/transports.ts';
import { toHttpUrl, toWebSocketUrl } from './url.ts';

/** A connection that has lasted this long was a good one: the waits begin anew. */
const SETTLED_MS = 5000;
/** Key of the warning that nothing is heard of a server: told once, though each attempt may fail with other words. */
const UNHEARD = '';
/** The close code of a server that failed as it let a client in, and said so before. */
const NO_CODE = 1005;
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
  /** Why the last attempt over server-sent events failed. */
  #failure: Error | null = null;
  /** The server's own words of the last attempt; of a refused upgrade where no other transport is left, and the platform tells. */
  #refusal: Error | null = null;
  #params: Record<string, string> | null = null;
  #openedAt = 0;
  readonly #lastEvent = new LastEvent((event) => this.#apply(event));
  /**
   * True while no probe of the address is due. There is one probe until a server lets us in. While its finding makes
   * calls fail, each failed attempt is followed by another probe, so that they fail no longer than the finding is true.
   */
  #probed = false;
  /** The probe's result: the cause that is told of losses that do not explain themselves. */
  #finding: Error | null = null;
  readonly #warn = developerWarnings();

  /** @param report takes the errors of listeners */
  constructor(options: ConnectionOptions, report: (error: Error) => void) {
    const { url, token, connectionParams, WebSocket, keepAlive, transports } = options;
    this.#report = report;
    this.url = toWebSocketUrl(url);
    this.#askParams = () => askParams(connectionParams, token);
    this.#transports = new Transports(transports);
    this.#classes = new SocketClasses(WebSocket, {
      heartbeatMs: keepAlive?.intervalMs ?? INTERVAL_MS,
      onFailure: (socket, error, isHeldBack) => {
        if (this.#retired.has(socket)) return;
        this.#failure = error;
        if (error instanceof EventsError) this.#attempts.askedMs = error.retryAfterMs ?? 0;
        if (!isHeldBack) return;
        this.#finding = error;
        this.#warn(error.message, UNHEARD);
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
        (socket) => this.#watch(socket, this.#attempted),
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
        if (state === 'connecting' && error && rootOf(error) !== REPLACED)
          this.#onLost(this.#refusal ?? error);
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

  #watch(socket: WebSocket, transport: Transport): void {
    let isAdmitted = false;
    const params = this.#params;
    const words = refusalWords(socket);
    const givenUpAt = performance.now() + this.#transports.openingMs;
    this.#sockets.add(socket);
    socket.addEventListener(transport === 'ws' ? 'open' : 'begun', () => (this.wasOpen = true));
    this.#failure = this.#refusal = null;
    onRefusedUpgrade(socket, (status, message) => {
      if (!this.#transports.hasNext) this.#refusal = this.#finding = answerError(status, message, this.url);
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
      const said = code === NO_CODE && !this.#retired.has(socket) && words();
      if (isAdmitted) this.#transports.restart();
      else if (said)
        this.#refusal = this.#finding = new EventsError('UNAVAILABLE', `the server refused it: ${said}`);
      else if (NO_WORDS.includes(code))
        this.#attempts.atOnce = this.#transports.failed(performance.now() >= givenUpAt);
      if (!mayReconnect(code)) this.close(endError(code, reason, { params, words: words() }));
    });
  }

  #onAdmitted(): void {
    this.#probed = true;
    this.#finding = null;
    if (this.#state.status !== 'live') this.#openedAt = performance.now();
    this.#apply({ type: 'admitted', transport: this.#transport });
  }

  #onLost(cause: Error): void {
    this.#settle();
    const code = closeCodeOf(cause);
    const isExplained = isOwnFailure(cause) || (code !== undefined && !NO_WORDS.includes(code));
    // Where no WebSocket is asked for, what HTTP says is all there is to say.
    const told = this.#transports.has('ws') ? cause : (this.#failure ?? cause);
    this.#applyLost(lossError(isExplained ? cause : (this.#finding ?? told), this.url));
    if (isExplained || this.#probed || told !== cause) return;
    this.#probed = true;
    void this.#explain();
  }

  /** Begins the waits anew after a connection that lasted. */
  #settle(): void {
    if (this.#state.status === 'live' && performance.now() - this.#openedAt > SETTLED_MS)
      this.#attempts.retries = 0;
  }

  /** The other end speaks no tRPC, or one without a transformer. It may do so another time, so it is tried again like any other loss. */
  #onForeign(why: 'foreign' | 'bare'): void {
    this.#probed = true;
    this.#finding = foreignError(this.url, why);
    for (const socket of this.#sockets) {
      this.#retired.add(socket);
      socket.close();
    }
  }

  /** Probes the address, and tells what answers there as the cause of this failure and of those that follow. */
  async #explain(): Promise<void> {
    const url = toHttpUrl(new URL(this.url));
    const found = await probe(url, this.#ended.signal);
    if (this.#state.status === 'live' || this.#isClosed()) return;
    this.#finding = found ?? this.#finding ?? noUpgrade(url);
    this.#probed = found === null || isRetryable(found);
    this.#applyLost(lossError(this.#finding, this.url));
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
    for (const listener of [...this.#listeners]) isolated(() => listener(this.#state), this.#report);
  }
}

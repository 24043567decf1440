import { EventsError } from '../../../shared/errors.ts';
import { isRecord } from '../../../shared/wire/shapes.ts';
import { MESSAGE_TOO_BIG, NO_CLOSE, NO_CODE } from '../../failures/connection-loss.ts';
import { toError } from '../../failures/errors.ts';
import { CallQueue } from './call-queue.ts';
import { readEvents, type SentEvent } from './event-lines.ts';
import { heldBackError, noStreamError } from './no-stream.ts';
import { NOBODYS_ID } from './nobodys-id.ts';
import { postLines } from './post-lines.ts';
import type { WebSocketClass } from './socket.ts';

const [CONNECTING, OPEN, , CLOSED] = [0, 1, 2, 3];
/** The status of a request that is larger than a server takes. */
const TOO_LARGE = 413;
/** The server has answered all that was asked. */
const ANSWERED = 1000;
/** Requests with queries in flight, as many as browsers have connections to a host. */
const MOST_REQUESTS = 6;
/** Ms between a server's heartbeats at least: a `PING` that comes sooner is answered by the last word. */
const LEAST_HEARTBEAT_MS = 1000;
/** Ms for which a stream goes on after a subscription that nobody wants any more. */
const STOP_MS = 1000;
/** Ms in which subscriptions are gathered before the stream is asked for: those of a page that is shown come together. */
const GATHER_MS = 10;
/** Ms in which the stream has to begin: what comes later is no part of its beginning. */
const BEGIN_MS = 5000;
/** Ms by which the first heartbeat may be late. */
const LATE_MS = 1500;

/** A message of tRPC's client, as far as it is looked at. */
interface Message {
  readonly id?: number | null;
  readonly method?: string;
  readonly params?: { lastEventId?: string | undefined };
}

/** Options of {@link streamSocket}. */
export interface StreamOptions {
  /** Ms between heartbeats of the server. */
  heartbeatMs: number;
  /** Told why a connection is over, before it is closed without a reason. @param isHeldBack true where calls get through, and the stream does not begin */
  onFailure: (socket: object, error: Error, isHeldBack: boolean) => void;
  /** Finds out why nothing comes from an address: an error, or null and undefined where there is none to be seen. */
  probe: (address: string, signal: AbortSignal) => Promise<Error | null | undefined>;
}

/**
 * A class in the place of `WebSocket`, for tRPC's client, where no WebSocket gets through. Its messages are the same, and go
 * over HTTP: those of the server in one stream of server-sent events for all subscriptions, which is asked for anew, from
 * where each of them is, when there are others; calls in requests of their own.
 */
export function streamSocket(options: StreamOptions): WebSocketClass {
  return class extends StreamSocket {
    constructor(url: string) {
      super(url, options);
    }
  };
}

/** Says `begun` when the server can be sent calls: it is open before anybody was asked. */
class StreamSocket extends EventTarget {
  readonly OPEN = OPEN;
  readyState = CONNECTING;
  readonly #url: string;
  readonly #options: StreamOptions;
  readonly #closed = new AbortController();
  /** The first message of each request, where params were announced. */
  #params: string | undefined;
  readonly #subscriptions = new Map<number, Message>();
  /** Ids of subscriptions that have begun once. */
  readonly #started = new Set<number>();
  /** The stream that is read or asked for. */
  #stream: AbortController | undefined;
  /** True once the stream has begun. */
  #hasBegun = false;
  /** True once the server has let us in: it answers a `PING` only then, and sends heartbeats before. */
  #isAdmitted = false;
  /** True until a `PING` is answered: by whatever comes next, since the server puts its heartbeats off for what it sends. */
  #isPongOwed = false;
  /** True if the subscriptions are others than those of the stream. */
  #isStale = true;
  #reopening: ReturnType<typeof setTimeout> | undefined;
  /** Calls wait for the stream's beginning, and queries for an answer to those before; mutations keep their order. */
  readonly #queries = new CallQueue(MOST_REQUESTS, (lines) => this.#call(lines));
  readonly #mutations = new CallQueue(1, (lines) => this.#call(lines));
  /** When the stream brought something last. */
  #heardAt = 0;

  constructor(url: string, options: StreamOptions) {
    super();
    this.#url = url.replace(/^ws/, 'http');
    this.#options = options;
    setTimeout(() => {
      if (this.readyState !== CONNECTING) return;
      this.readyState = OPEN;
      this.dispatchEvent(new Event('open'));
    });
  }

  send(text: string): void {
    if (text === 'PONG') return;
    if (text === 'PING') {
      this.#isPongOwed = true;
      const isHeard = performance.now() - this.#heardAt < LEAST_HEARTBEAT_MS;
      // The first one begins the stream. Of one whose last subscription was stopped nothing is to come.
      if (!this.#stream) this.#reopen(GATHER_MS);
      else if (this.#hasBegun && (isHeard || (this.#isStale && this.#subscriptions.size === 0)))
        setTimeout(() => this.#pong());
      return;
    }
    for (const message of [JSON.parse(text)].flat() as Message[]) this.#take(message);
    if (this.#hasBegun) this.#sendCalls();
  }

  close(code = NO_CODE, reason = ''): void {
    if (this.readyState === CLOSED) return;
    this.readyState = CLOSED;
    clearTimeout(this.#reopening);
    this.#closed.abort();
    this.#stream?.abort();
    this.dispatchEvent(Object.assign(new Event('close'), { code, reason, wasClean: code !== NO_CLOSE }));
  }

  #take(message: Message): void {
    const { id, method } = message;
    if (method === 'connectionParams') this.#params = JSON.stringify(message);
    else if (id === NOBODYS_ID) this.#callLast(message);
    else if (method === 'query') this.#queries.add(message);
    else if (method === 'mutation') this.#mutations.add(message);
    else if (typeof id === 'number' && method === 'subscription') {
      this.#subscriptions.set(id, message);
      this.#reopen(GATHER_MS);
    } else if (typeof id === 'number' && this.#subscriptions.delete(id)) this.#reopen(STOP_MS);
  }

  /** Asks for the stream anew, for the subscriptions that there are by then. */
  #reopen(ms: number): void {
    this.#isStale = true;
    if (this.#stream && !this.#hasBegun) return; // as soon as it has: one that is asked for is let begin
    if (ms === STOP_MS && this.#reopening !== undefined) return;
    clearTimeout(this.#reopening);
    this.#reopening = setTimeout(() => void this.#follow(), ms);
  }

  async #follow(): Promise<void> {
    this.#reopening = undefined;
    this.#stream?.abort();
    const stream = new AbortController();
    this.#stream = stream;
    this.#hasBegun = false;
    this.#isStale = false;
    const lines = [...this.#subscriptions.values()].map((message) => JSON.stringify(message));
    const blame = (): void => void this.#blame(stream.signal);
    const askedAt = performance.now();
    let late = setTimeout(blame, BEGIN_MS);
    let isFlowing = false;
    try {
      await this.#post(
        `heartbeat=${this.#options.heartbeatMs}`,
        ['PING', ...lines],
        stream.signal,
        (event) => {
          if (this.#stream !== stream) return;
          this.#heardAt = performance.now();
          // Some proxies let the beginning of an answer through, and hold back what comes later.
          isFlowing ||= this.#heardAt - askedAt > BEGIN_MS;
          clearTimeout(late);
          if (!isFlowing) late = setTimeout(blame, this.#options.heartbeatMs + LATE_MS);
          if (event.type === 'connected') this.#begin();
          else this.#receive(event);
          if (event.type === 'ping' || this.#isPongOwed) this.#pong();
        },
      );
      if (this.#stream === stream) this.close(NO_CLOSE);
    } catch (cause) {
      if (this.#stream === stream) this.#fail(cause);
    } finally {
      clearTimeout(late);
    }
  }

  #begin(): void {
    this.#hasBegun = true;
    this.dispatchEvent(new Event('begun'));
    if (this.#isStale) this.#reopen(GATHER_MS);
    this.#sendCalls();
  }

  #sendCalls(): void {
    this.#queries.send();
    this.#mutations.send();
  }

  async #call(lines: string[]): Promise<void> {
    let isAnswered = false;
    try {
      await this.#post('calls', lines, this.#closed.signal, (event) => {
        isAnswered ||= event.type === 'close';
        this.#receive(event);
      });
      if (!isAnswered) throw new EventsError('UNAVAILABLE', 'the connection ended before the answer');
    } catch (cause) {
      this.#fail(cause);
    }
  }

  /** Makes a page's last call ahead of those that wait, since the page is gone before they are answered. */
  #callLast(message: Message): void {
    postLines(this.#url, 'calls', 'last', this.#withParams([JSON.stringify(message)]), null)
      .then((response) => response.text())
      .catch(() => {});
  }

  async #post(
    query: string,
    lines: string[],
    signal: AbortSignal,
    onEvent: (event: SentEvent) => void,
  ): Promise<void> {
    const kind = signal === this.#closed.signal ? 'calls' : 'stream';
    const response = await postLines(this.#url, query, kind, this.#withParams(lines), signal);
    const isStream = response.headers.get('content-type')?.startsWith('text/event-stream');
    if (response.ok && isStream && response.body) return readEvents(response.body, onEvent);
    if (response.status === TOO_LARGE) return this.close(MESSAGE_TOO_BIG);
    throw (await this.#options.probe(this.#address, signal)) ?? noStreamError(response, this.#url);
  }

  #withParams(lines: string[]): string[] {
    return this.#params === undefined ? lines : [this.#params, ...lines];
  }

  get #address(): string {
    return this.#url.split('?', 1)[0] ?? '';
  }

  /** Tells why the stream does not begin, unless it does while that is found out. */
  async #blame(signal: AbortSignal): Promise<void> {
    const heardAt = this.#heardAt;
    const found = await this.#options.probe(this.#address, signal);
    if (signal.aborted || this.#heardAt !== heardAt) return;
    this.#fail(found ?? heldBackError(this.#address), !found);
  }

  #receive({ type, data }: SentEvent): void {
    if (this.readyState !== OPEN) return;
    if (type === 'close') {
      const { code, reason }: { code: number; reason: string } = JSON.parse(data);
      if (code !== ANSWERED) this.close(code, reason);
      return;
    }
    if (data === 'PONG') this.#isAdmitted = this.#isPongOwed = true;
    else if (type === 'message') this.#tell(data === 'PING' ? data : this.#noted(data));
  }

  #pong(): void {
    if (!this.#isAdmitted) return;
    this.#isPongOwed = false;
    this.#tell('PONG');
  }

  /** A message as tRPC's client takes it. What it says of a subscription is noted, for the next stream. */
  #noted(text: string): unknown {
    const message: unknown = JSON.parse(text);
    const { id, result, error } = isRecord(message) ? message : {};
    const subscription = typeof id === 'number' ? this.#subscriptions.get(id) : undefined;
    if (typeof id !== 'number' || !subscription) return message;
    if (error !== undefined || (isRecord(result) && result['type'] === 'stopped'))
      this.#subscriptions.delete(id);
    if (!isRecord(result)) return message;
    if (typeof result['id'] === 'string')
      this.#subscriptions.set(id, {
        ...subscription,
        params: { ...subscription.params, lastEventId: result['id'] },
      });
    if (result['type'] !== 'started') return message;
    if (this.#started.has(id)) return { id, result: { type: 'restarted' } };
    this.#started.add(id);
    return message;
  }

  #tell(data: unknown): void {
    if (this.readyState === OPEN) this.dispatchEvent(new MessageEvent('message', { data }));
  }

  #fail(cause: unknown, isHeldBack = false): void {
    if (this.readyState === CLOSED) return;
    this.#options.onFailure(this, toError(cause), isHeldBack);
    this.close(NO_CLOSE);
  }
}

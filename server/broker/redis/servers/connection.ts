import type { Redis, RedisOptions } from 'ioredis';
import { EventsError } from '../../../../shared/errors.ts';
import type { Logger } from '../../../telemetry/logger.ts';
import { LogUnavailable } from '../../log-unavailable.ts';
import { reconnectDelay } from './reconnect-delay.ts';
import { within } from './within.ts';

/** Replies in the shapes that the broker reads, whatever the protocol. */
export type ConnectionOptions = RedisOptions & { replyMapping?: 'legacy' };

interface ConnectionSettings {
  /** Seen in CLIENT LIST. */
  name: string;
  /** Time for which a caller waits for an answer, or for a lost connection to come back. */
  timeoutMs: number;
  logger: Logger;
}

/** A connection to one server that comes back by itself; its callers get an answer or an error within a bounded time. */
export class RedisConnection {
  readonly redis: Redis;
  readonly #timeoutMs: number;
  readonly #logger: Logger;
  /** While up: resolved. While down: resolves when it is back, rejects once it was away for `timeoutMs`. */
  #up: Promise<void>;
  #settleUp: (error?: Error) => void = () => {};
  #isUp = false;
  #lastError: Error | null = null;
  /** Why it does not come back. */
  #ended: 'closed' | 'retired' | null = null;

  constructor(open: (options: ConnectionOptions) => Redis, { name, timeoutMs, logger }: ConnectionSettings) {
    this.#timeoutMs = timeoutMs;
    this.#logger = logger;
    this.#up = this.#awaitUp();
    this.redis = open({
      connectionName: `psyche-events:${name}`,
      // A command is sent on a connection that is up, once, or not at all: whoever sent it knows whether a second
      // time does harm.
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      autoResubscribe: false,
      maxRetriesPerRequest: 0,
      connectTimeout: timeoutMs,
      // A command without an answer for so long, and nothing else heard: the connection is dead, whatever TCP says.
      socketTimeout: 2 * timeoutMs,
      maxLoadingRetryTime: 500,
      retryStrategy: reconnectDelay,
    });
    this.redis.on('ready', () => this.#onReady());
    this.redis.on('close', () => this.#onClose());
    this.redis.on('error', (error) => this.#onError(error));
  }

  /** Host and port, never the password. */
  get address(): string {
    const { path, host, port, sentinels } = this.redis.options;
    if (sentinels) return sentinels.map((sentinel) => `${sentinel.host}:${sentinel.port}`).join(', ');
    return path ?? `${host}:${port}`;
  }

  /** Tells if it can be used now. */
  get isReady(): boolean {
    return this.redis.status === 'ready';
  }

  /**
   * Sends a command that does no harm when it is done twice: if the connection is lost before its answer, it is sent
   * again.
   * @throws EventsError UNAVAILABLE, CLOSED
   */
  async run<T>(send: (redis: Redis) => Promise<T>, timeoutMs = this.#timeoutMs): Promise<T> {
    try {
      return await within(timeoutMs, this.#sendTwice(send, performance.now() + timeoutMs));
    } catch (error) {
      throw this.#explain(error);
    }
  }

  /** Drops the connection, which seems dead; a new one is made at once. */
  reconnect(): void {
    this.#onClose();
    this.redis.disconnect(true);
  }

  /** Ends it; whoever waits for an answer is told. `retired`: the server is not needed any more. */
  end(why: 'closed' | 'retired'): void {
    this.#ended = why;
    this.#isUp = false;
    const ended = Promise.reject(new Error(`the connection was ${why}`));
    ended.catch(() => {}); // whoever waits for it sees the error
    this.#settleUp(new Error(`the connection was ${why}`));
    this.#up = ended;
    this.redis.disconnect();
  }

  async #sendTwice<T>(send: (redis: Redis) => Promise<T>, deadline: number): Promise<T> {
    await this.#up;
    try {
      return await send(this.redis);
    } catch (error) {
      const isDemoted = isReply(error) && error.message.startsWith('READONLY');
      if ((isReply(error) && !isDemoted) || this.#ended || performance.now() >= deadline) throw error;
      // A master that became a replica: another server is the master, and will be found.
      if (isDemoted) this.reconnect();
      await new Promise(setImmediate); // the news of the lost connection may be one turn behind its effects
      await this.#up;
      return await send(this.redis);
    }
  }

  #explain(error: unknown): EventsError {
    if (this.#ended === 'closed') return new EventsError('CLOSED', 'The broker is closed.');
    if (error instanceof Error && 'command' in error) delete error.command; // it holds passwords and payloads
    const what = isReply(error) ? 'refused' : 'cannot be reached';
    return new LogUnavailable(`Redis at ${this.address} ${what}: ${reasonOf(error)}`, error);
  }

  #awaitUp(): Promise<void> {
    const up = new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(this.#lastError ?? new Error(`no connection within ${this.#timeoutMs} ms`));
      }, this.#timeoutMs);
      this.#settleUp = (error) => {
        clearTimeout(timer);
        if (error) reject(error);
        else resolve();
      };
    });
    up.catch(() => {}); // whoever waits for it sees the error
    return up;
  }

  #onReady(): void {
    this.#settleUp();
    this.#up = Promise.resolve();
    if (this.#lastError) this.#logger.info({ redis: this.address }, 'Redis is back');
    this.#lastError = null;
    this.#isUp = true;
  }

  #onClose(): void {
    if (!this.#isUp || this.#ended) return;
    this.#isUp = false;
    this.#up = this.#awaitUp();
    this.#onError(new Error('the connection was lost'));
  }

  /** One line per outage: a server that is away for a night must not fill the log. */
  #onError(error: Error): void {
    if (this.#lastError === null && !this.#ended) {
      const fields = { redis: this.address, reason: reasonOf(error) };
      this.#logger.warn(fields, 'Redis cannot be reached; trying again');
    }
    this.#lastError = error;
  }
}

/** Tells if Redis itself said no; anything else is a connection that failed. */
export function isReply(error: unknown): error is Error {
  return error instanceof Error && error.name === 'ReplyError';
}

/** An attempt at several addresses fails with an error that has a code only. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message || ('code' in error ? String(error.code) : error.name);
}

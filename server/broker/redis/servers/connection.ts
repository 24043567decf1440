import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis, RedisOptions } from 'ioredis';
import type { EventsError } from '../../../../shared/errors.ts';
import type { Logger } from '../../../telemetry/logger.ts';
import { brokerClosed, LogUnavailable } from '../../broker.ts';
import { reconnectDelay, within } from './attempts.ts';

/** Options of ioredis. `replyMapping` keeps replies in the shapes that the broker reads, whatever the protocol. */
export type RedisConnectionOptions = RedisOptions & { replyMapping?: 'legacy' };

interface ConnectionSettings {
  /** Seen in CLIENT LIST. */
  name: string;
  /** Ms that a caller waits for an answer, or for a lost connection to come back. */
  timeoutMs: number;
  logger: Logger;
}

/** Ms before a command is sent again: the news of a lost connection may come a little after its effects. */
const RESEND_MS = 5;

/** A connection to one server. It reconnects by itself; its callers get an answer or an error within a bounded time. */
export class RedisConnection {
  readonly redis: Redis;
  readonly #timeoutMs: number;
  readonly #logger: Logger;
  /** Resolved while the connection is up. While it is down: resolves when it is back, rejects after `timeoutMs`. */
  #up: Promise<void>;
  #settleUp: (error?: Error) => void = () => {};
  #isUp = false;
  #lastError: Error | null = null;
  /** The reason for which it does not reconnect; null while it does. */
  #ended: 'closed' | 'retired' | null = null;

  constructor(
    open: (options: RedisConnectionOptions) => Redis,
    { name, timeoutMs, logger }: ConnectionSettings,
  ) {
    this.#timeoutMs = timeoutMs;
    this.#logger = logger;
    this.#up = this.#awaitUp();
    this.redis = open({
      connectionName: `psyche-events:${name}`,
      // A command is sent once, on a connection that is up, or not at all: only its sender knows if sending it twice
      // does harm.
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      autoResubscribe: false,
      maxRetriesPerRequest: 0,
      connectTimeout: timeoutMs,
      // A command has no answer after this time, and nothing else arrived: the connection is dead, whatever TCP says.
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
   * Sends an idempotent command: if the connection is lost before its answer, it is sent again.
   * @throws EventsError UNAVAILABLE, CLOSED
   */
  async run<T>(send: (redis: Redis) => Promise<T>, timeoutMs = this.#timeoutMs): Promise<T> {
    try {
      return await within(timeoutMs, this.#sendUntil(send, performance.now() + timeoutMs));
    } catch (error) {
      throw this.#explain(error);
    }
  }

  /** Drops a connection that seems dead, and opens a new one at once. */
  reconnect(): void {
    this.#onClose();
    this.redis.disconnect(true);
  }

  /** Ends it, and rejects the commands that wait for an answer. `retired`: the server is not needed any more. */
  end(why: 'closed' | 'retired'): void {
    this.#ended = why;
    this.#isUp = false;
    const ended = new Error(`the connection was ${why}`);
    this.#settleUp(ended);
    this.#up = Promise.reject(ended);
    this.#up.catch(() => {}); // its callers see the error
    this.redis.disconnect();
  }

  /** Sends it until it is answered. One outage may take several connections: one of them each time that another server takes over. */
  async #sendUntil<T>(send: (redis: Redis) => Promise<T>, deadline: number): Promise<T> {
    let wasDemoted = false;
    for (;;) {
      await this.#up;
      // Whoever waits was told by now that nothing is known of it: nothing new may come of it.
      if (performance.now() >= deadline) throw new Error('the connection was lost');
      try {
        return await send(this.redis);
      } catch (error) {
        const isDemoted: boolean = isReply(error) && error.message.startsWith('READONLY') && !wasDemoted;
        if ((isReply(error) && !isDemoted) || this.#ended) throw error;
        // A master that became a replica: another server is the master, and will be found.
        if (isDemoted) this.reconnect();
        wasDemoted ||= isDemoted;
        await sleep(RESEND_MS);
      }
    }
  }

  #explain(error: unknown): EventsError {
    if (this.#ended === 'closed') return brokerClosed();
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
    up.catch(() => {}); // its callers see the error
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

/** Tells if an error is an answer of Redis; any other error is a connection that failed. */
export function isReply(error: unknown): error is Error {
  return error instanceof Error && error.name === 'ReplyError';
}

/** Remedies for failures that operators meet, by the text of the failure. */
const REMEDIES: readonly (readonly [text: RegExp, remedy: string])[] = [
  [/ECONNREFUSED/, 'nothing listens there: start Redis, or correct the address'],
  [/ENOTFOUND|EAI_AGAIN/, 'the name has no address: correct it, or check the DNS'],
  [
    /no connection within|no answer within|ETIMEDOUT/,
    'check that Redis runs, and that no firewall is in between',
  ],
  [/All sentinels are unreachable/, 'check their addresses, and the name of the master'],
  [/certificate/, 'name the authority that signed it: ?ca=/path/ca.pem'],
  [/^NOAUTH|^WRONGPASS/, 'correct the user and the password in the URL'],
  [/^NOPERM/, 'docs/redis.md lists the rights that its account needs'],
  [/^OOM/, 'its memory is full: raise maxmemory, or lower the retention'],
  [/^MISCONF/, 'it cannot write to its disk: free space there'],
  [/unknown command/i, 'Redis 7.0 or newer is needed'],
];

/** The message of a failure, with its remedy if there is one. */
function reasonOf(error: unknown): string {
  const text = textOf(error);
  const remedy = REMEDIES.find(([pattern]) => pattern.test(text))?.[1];
  return remedy === undefined ? text : `${text} (${remedy})`;
}

/** The message of an error. The error of an attempt at several addresses has only a code. */
function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message || ('code' in error ? String(error.code) : error.name);
}

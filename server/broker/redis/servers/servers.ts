import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { EventsError } from '../../../../shared/errors.ts';
import type { Logger } from '../../../telemetry/logger.ts';
import { LogUnavailable } from '../../log-unavailable.ts';
import { RedisConnection } from './connection.ts';
import { redirectionIn } from './redirection.ts';
import type { Topology } from './topology.ts';

interface ServersSettings {
  /** Purpose of the connections; seen in CLIENT LIST. */
  name: string;
  timeoutMs: number;
  logger: Logger;
}

/** A redirection is followed at once so many times; two servers may each say that it is the other. */
const AT_ONCE = 3;
const PAUSE_MS = 100;

/** The connections of a process for one purpose: one to each server, made when a key of that server is asked for. */
export class RedisServers {
  readonly #topology: Topology;
  readonly #settings: ServersSettings;
  readonly #connections = new Map<string, RedisConnection>();
  readonly #onConnection: ((connection: RedisConnection) => void)[] = [];
  readonly #inFlight = new Set<Promise<unknown>>();
  #closed = false;

  constructor(topology: Topology, settings: ServersSettings) {
    this.#topology = topology;
    this.#settings = settings;
    topology.onChange(() => this.#retire());
  }

  get connections(): readonly RedisConnection[] {
    return [...this.#connections.values()];
  }

  /** The number of the database that they use; 0 while there are none: only a Cluster may have none, and it has no other. */
  get db(): number {
    return this.connections[0]?.redis.options.db ?? 0;
  }

  /** Tells if there are some, and all can be used now. */
  get areReady(): boolean {
    return this.#connections.size > 0 && this.connections.every(({ isReady }) => isReady);
  }

  /** Calls the listener with each connection before it is used. */
  onConnection(listener: (connection: RedisConnection) => void): void {
    this.#onConnection.push(listener);
  }

  /** The connection to the server that has a key; null while that is not known. */
  connectionTo(key: string): RedisConnection | null {
    const server = this.#topology.serverOf(key);
    return server === null || this.#closed ? null : this.#connect(server);
  }

  /**
   * Has the server of a key do something that does no harm when it is done twice, wherever the key moves meanwhile.
   * @param send called with each attempt
   * @throws EventsError UNAVAILABLE, CLOSED
   */
  async run<T>(key: string, send: (redis: Redis) => Promise<T>): Promise<T> {
    const work = this.#follow(key, send);
    this.#inFlight.add(work);
    try {
      return await work;
    } finally {
      this.#inFlight.delete(work);
    }
  }

  /** Takes note of it if a server answered that another one has the key. */
  heed(error: unknown): void {
    const redirection = redirectionIn(error);
    if (redirection?.kind === 'moved') this.#topology.moved(redirection.slot, redirection.server);
  }

  /** Waits for the answers that are under way: for twice `timeoutMs` at most. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#inFlight);
    this.#closed = true;
    for (const connection of this.#connections.values()) connection.end('closed');
  }

  async #follow<T>(key: string, send: (redis: Redis) => Promise<T>): Promise<T> {
    const deadline = performance.now() + this.#settings.timeoutMs;
    let asked: string | null = null;
    for (let attempt = 1; ; attempt++) {
      if (this.#closed) throw new EventsError('CLOSED', 'The broker is closed.');
      const left = Math.max(1, Math.ceil(deadline - performance.now()));
      const server = asked ?? this.#topology.serverOf(key);
      if (server === null) {
        await this.#doubt(left);
        if (this.#topology.serverOf(key) === null && performance.now() >= deadline) throw this.#nowhere();
        continue;
      }
      try {
        const connection = this.#connect(server);
        return await connection.run(asked === null ? send : (redis) => sendAsking(redis, send), left);
      } catch (error) {
        if (this.#closed || performance.now() >= deadline) throw error;
        asked = await this.#whereElse(key, server, error, attempt, deadline);
      }
    }
  }

  /** The server to ask instead, null if it is the key's. @throws what was thrown, if there is none */
  async #whereElse(
    key: string,
    server: string,
    error: unknown,
    attempt: number,
    deadline: number,
  ): Promise<string | null> {
    const redirection = redirectionIn(error instanceof Error ? error.cause : null);
    if (attempt > AT_ONCE || redirection?.kind === 'wait') await sleep(PAUSE_MS * Math.random());
    switch (redirection?.kind) {
      case 'refused':
        throw error;
      case 'moved':
        this.#topology.moved(redirection.slot, redirection.server);
        return null;
      case 'ask':
        return redirection.server;
      default:
        await this.#doubt(deadline - performance.now());
        if (redirection === null && this.#topology.serverOf(key) === server) throw error;
        return null;
    }
  }

  /** Has the topology look again, and waits for that, but not for ever. */
  async #doubt(ms: number): Promise<void> {
    await Promise.race([this.#topology.doubt(), sleep(ms, undefined, { ref: false })]);
  }

  #connect(server: string): RedisConnection {
    let connection = this.#connections.get(server);
    if (!connection) {
      connection = new RedisConnection((options) => this.#topology.open(server, options), this.#settings);
      this.#connections.set(server, connection);
      connection.redis.on('close', () => this.#topology.doubt());
      connection.redis.on('moved', () => this.#topology.doubt(server)); // a subscription; it knows where to
      for (const listener of this.#onConnection) listener(connection);
    }
    return connection;
  }

  /** Ends the connections to servers that have nothing any more: whoever waits for one of them asks elsewhere. */
  #retire(): void {
    for (const [server, connection] of this.#connections) {
      if (this.#topology.has(server)) continue;
      this.#connections.delete(server);
      connection.end('retired');
    }
  }

  #nowhere(): EventsError {
    const { address } = this.#topology;
    return new LogUnavailable(`Redis at ${address} cannot be reached: nobody says who has what`);
  }
}

/** To a server that is about to take over the key, and takes a command for it only if told so right before. */
function sendAsking<T>(redis: Redis, send: (redis: Redis) => Promise<T>): Promise<T> {
  redis.asking().catch(() => {}); // the command fails too
  return send(redis);
}

import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { EventsError } from '../../../../shared/errors.ts';
import type { Logger } from '../../../telemetry/logger.ts';
import { brokerClosed, LogUnavailable } from '../../broker.ts';
import { isReply, RedisConnection } from './connection.ts';
import { SLOTS, type Topology } from './topology.ts';

/** A command that failed at a server. */
interface Attempt {
  key: string;
  server: string;
  /** 1 for the first. */
  attempt: number;
  /** As `performance.now()` tells. */
  deadline: number;
}

interface ServersSettings {
  /** Purpose of the connections; seen in CLIENT LIST. */
  name: string;
  timeoutMs: number;
  logger: Logger;
}

/** Redirections followed without a pause. After them each attempt waits up to PAUSE_MS: two servers may name each other. */
const AT_ONCE = 3;
const PAUSE_MS = 100;

/** A process's connections for one purpose: one to each server, opened when a key of that server is first asked for. */
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

  /** Number of the database. 0 while there is no connection: that is so in a Cluster only, which has no other database. */
  get db(): number {
    return this.connections[0]?.redis.options.db ?? 0;
  }

  /** Tells if there is a connection, and all can be used now. */
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
   * Runs an idempotent command on the server that owns `key`, following redirections.
   * @param send sends the command; called at each attempt
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

  /** Tells the topology if an error says that another server has the key. */
  noteRedirection(error: unknown): void {
    const redirection = redirectionIn(error);
    if (redirection?.kind === 'moved') this.#topology.moved(redirection.slot, redirection.server);
  }

  /** Waits up to twice `timeoutMs` for the answers that are under way, then ends all connections. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#inFlight);
    this.#closed = true;
    for (const connection of this.#connections.values()) connection.end('closed');
  }

  async #follow<T>(key: string, send: (redis: Redis) => Promise<T>): Promise<T> {
    const deadline = performance.now() + this.#settings.timeoutMs;
    /** The server of an ASK redirection, for the next attempt only. */
    let asked: string | null = null;
    for (let attempt = 1; ; attempt++) {
      if (this.#closed) throw brokerClosed();
      const left = leftUntil(deadline);
      const server = asked ?? this.#topology.serverOf(key);
      if (server === null) {
        await this.#refresh(left);
        if (this.#topology.serverOf(key) === null && performance.now() >= deadline)
          throw this.#unknownServer();
        continue;
      }
      try {
        const connection = this.#connect(server);
        return await connection.run(asked === null ? send : (redis) => sendAsking(redis, send), left);
      } catch (error) {
        if (this.#closed || performance.now() >= deadline) throw error;
        asked = await this.#redirect(error, { key, server, attempt, deadline });
      }
    }
  }

  /**
   * Decides where a failed command goes next.
   * @returns the server to ask, or null for the one that the topology names
   * @throws the error itself, where no other server would answer differently
   */
  async #redirect(error: unknown, { key, server, attempt, deadline }: Attempt): Promise<string | null> {
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
        await this.#refresh(leftUntil(deadline));
        if (redirection === null && this.#topology.serverOf(key) === server) throw error;
        return null;
    }
  }

  /** Has the topology find out anew which server has which key, and waits for it up to `ms`. */
  async #refresh(ms: number): Promise<void> {
    await Promise.race([this.#topology.refresh(), sleep(ms, undefined, { ref: false })]);
  }

  #connect(server: string): RedisConnection {
    let connection = this.#connections.get(server);
    if (!connection) {
      connection = new RedisConnection((options) => this.#topology.open(server, options), this.#settings);
      this.#connections.set(server, connection);
      connection.redis.on('close', () => this.#topology.refresh());
      // A subscription's slot moved away; its old server knows the new one.
      connection.redis.on('moved', () => this.#topology.refresh(server));
      for (const listener of this.#onConnection) listener(connection);
    }
    return connection;
  }

  /** Ends the connections to servers that have no key any more: commands that wait for one of them go to another server. */
  #retire(): void {
    for (const [server, connection] of this.#connections) {
      if (this.#topology.has(server)) continue;
      this.#connections.delete(server);
      connection.end('retired');
    }
  }

  #unknownServer(): EventsError {
    const { address } = this.#topology;
    return new LogUnavailable(
      `Redis at ${address} cannot be reached: no server there tells which one has the key (check that they run, and form a Cluster)`,
    );
  }
}

/** Sends a command to a server that is about to own its key: until then it takes such a command only right after ASKING. */
function sendAsking<T>(redis: Redis, send: (redis: Redis) => Promise<T>): Promise<T> {
  redis.asking().catch(() => {}); // the command fails too
  return send(redis);
}

/** The meaning of an error that a server answered with. */
type Redirection =
  /** Another server has the slot. */
  | { kind: 'moved'; slot: number; server: string }
  /** Another server is about to have the slot, and has this key already. */
  | { kind: 'ask'; server: string }
  /** Keys are between two servers, or the Cluster is not whole: try again later. */
  | { kind: 'wait' }
  /** Every other server would answer the same. */
  | { kind: 'refused' };

/** Reads the answer of a server; null if the error is none. */
function redirectionIn(error: unknown): Redirection | null {
  if (!isReply(error)) return null;
  const [kind, slotText, server = ''] = error.message.split(' ');
  const slot = Number(slotText);
  const names = /^.+:\d+$/.test(server) && Number.isInteger(slot) && slot >= 0 && slot < SLOTS;
  if (kind === 'MOVED' && names) return { kind: 'moved', slot, server };
  if (kind === 'ASK' && names) return { kind: 'ask', server };
  const passing = ['MOVED', 'ASK', 'TRYAGAIN', 'CLUSTERDOWN', 'MASTERDOWN', 'LOADING'];
  return { kind: passing.includes(kind ?? '') ? 'wait' : 'refused' };
}

/** Ms until a deadline, for a timer: of one that has passed, the least that a timer takes. */
function leftUntil(deadline: number): number {
  return Math.max(1, Math.ceil(deadline - performance.now()));
}

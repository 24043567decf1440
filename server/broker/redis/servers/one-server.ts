import { Redis } from 'ioredis';
import { reconnectDelay } from './attempts.ts';
import type { RedisConnectionOptions } from './connection.ts';
import type { Topology } from './topology.ts';

interface OneServerSettings {
  connect: (options: RedisConnectionOptions) => Redis;
  /** Null where only `connect` knows it. */
  address: string | null;
  /** Hears from the Sentinels that the server is behind, if it is. */
  watch?: SentinelWatch;
}

/**
 * One server has all keys. Behind Sentinels it may be another one after each reconnection: ioredis asks them before it
 * connects. (ioredis has a failoverDetector that does what SentinelWatch does, but it prints its own failures to the
 * console, and has no events.)
 */
export class OneServer implements Topology {
  readonly #connect: OneServerSettings['connect'];
  readonly #watch: SentinelWatch | undefined;
  readonly address: string;

  constructor({ connect, address, watch }: OneServerSettings) {
    this.#connect = connect;
    this.#watch = watch;
    this.address = address ?? 'the address given by connect';
  }

  serverOf(): string {
    return this.address;
  }

  has(): boolean {
    return true;
  }

  open(_server: string, options: RedisConnectionOptions): Redis {
    const redis = this.#connect(options);
    this.#watch?.add(redis);
    return redis;
  }

  moved(): void {}
  async refresh(): Promise<void> {}
  onChange(): void {}

  close(): void {
    this.#watch?.close();
  }
}

/** Form of the Sentinels' announcement: `<name> <old host> <old port> <new host> <new port>`. */
const SWITCH_MASTER = '+switch-master';

interface SentinelWatchSettings {
  sentinels: readonly { host: string; port: number }[];
  /** Options for asking Sentinels, as `RedisLocation.sentinel` has them. */
  options: RedisConnectionOptions;
  /** Ms that a Sentinel may take to answer. */
  timeoutMs: number;
}

/**
 * Reconnects a connection when the Sentinels announce another master. A replaced master that can still be reached goes
 * on taking writes, which will be lost, until the Sentinels make it a replica some ten seconds later.
 */
export class SentinelWatch {
  readonly #name: string | undefined;
  readonly #sentinels: readonly Redis[];
  readonly #connections = new Set<Redis>();

  constructor({ sentinels, options, timeoutMs }: SentinelWatchSettings) {
    const { name, sentinelUsername, sentinelPassword, sentinelTLS } = options;
    this.#name = name;
    this.#sentinels = sentinels.map(({ host, port }) => {
      const sentinel = new Redis({
        ...{ host, port, connectionName: 'psyche-events:sentinel', connectTimeout: timeoutMs },
        ...(sentinelUsername && { username: sentinelUsername }),
        ...(sentinelPassword && { password: sentinelPassword }),
        ...(sentinelTLS && { tls: sentinelTLS }),
        maxRetriesPerRequest: null,
        enableReadyCheck: false,
        retryStrategy: reconnectDelay,
      });
      sentinel.on('error', () => {}); // it is tried again, and there are others
      sentinel.on('message', (_channel, text) => this.#onSwitch(text));
      sentinel.subscribe(SWITCH_MASTER).catch(() => {}); // closed before it was reached
      return sentinel;
    });
  }

  /** Watches over a connection until it ends. */
  add(connection: Redis): void {
    this.#connections.add(connection);
    connection.once('end', () => this.#connections.delete(connection));
  }

  close(): void {
    for (const sentinel of this.#sentinels) sentinel.disconnect();
  }

  #onSwitch(text: string): void {
    const [name, , , host, port] = text.split(' ');
    if (name !== this.#name) return;
    for (const connection of this.#connections) {
      const { remoteAddress, remotePort } = connection.stream ?? {};
      if (remoteAddress === host && remotePort === Number(port)) continue;
      // One that is not open yet asks the Sentinels anyway.
      if (['connect', 'ready'].includes(connection.status)) connection.disconnect(true);
    }
  }
}

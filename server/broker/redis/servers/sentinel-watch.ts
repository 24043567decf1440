import { Redis } from 'ioredis';
import type { ConnectionOptions } from './connection.ts';
import { reconnectDelay } from './reconnect-delay.ts';

/** Form of the Sentinels' announcement: `<name> <old host> <old port> <new host> <new port>`. */
const CHANNEL = '+switch-master';

interface SentinelWatchSettings {
  sentinels: readonly { host: string; port: number }[];
  /** Options for asking them, as a connection to what is behind them has it. */
  options: ConnectionOptions;
  /** Time that a Sentinel may take to answer. */
  timeoutMs: number;
}

/**
 * Hears from Sentinels that another server is the master, and has whoever is connected to any other one connect anew.
 * A master that was replaced while it could be reached goes on taking writes that will be lost, until the Sentinels
 * get to it themselves, which takes some ten seconds.
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
      sentinel.subscribe(CHANNEL).catch(() => {}); // closed before it was reached
      return sentinel;
    });
  }

  /** Minds a connection until it ends. */
  mind(connection: Redis): void {
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

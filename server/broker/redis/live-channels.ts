import type { Logger } from '../../logger.ts';
import type { RedisConnection } from './connection.ts';

/** Who listens to a channel. */
export interface ChannelListener {
  /** Subscribed, for the first time or anew: from here on messages arrive; before it some may have been lost. */
  attached(): void;
  message(payload: string): void;
}

interface Channel {
  readonly listeners: Set<ChannelListener>;
  attached: boolean;
}

/** The Pub/Sub connection of a process: one subscription per channel, whoever many listen, renewed after every loss. */
export class LiveChannels {
  readonly #connection: RedisConnection;
  readonly #logger: Logger;
  readonly #channels = new Map<string, Channel>();

  constructor(connection: RedisConnection, logger: Logger) {
    this.#connection = connection;
    this.#logger = logger;
    const { redis } = connection;
    redis.on('ready', () => this.#subscribe([...this.#channels.keys()]));
    redis.on('close', () => {
      for (const channel of this.#channels.values()) channel.attached = false;
    });
    redis.on('message', (name: string, payload: string) => {
      for (const listener of this.#channels.get(name)?.listeners ?? []) listener.message(payload);
    });
  }

  /** Listens until the returned function is called. */
  listen(name: string, listener: ChannelListener): () => void {
    let channel = this.#channels.get(name);
    if (!channel) {
      channel = { listeners: new Set(), attached: false };
      this.#channels.set(name, channel);
      this.#subscribe([name]);
    }
    const { listeners } = channel;
    listeners.add(listener);
    if (channel.attached) listener.attached();
    return () => {
      if (!listeners.delete(listener) || listeners.size > 0) return;
      this.#channels.delete(name);
      if (this.#isReady) this.#connection.redis.unsubscribe(name).catch(() => {}); // gone with the connection
    };
  }

  /** Finds a connection that is dead although nobody closed it, and subscribes again where it failed. */
  check(): void {
    if (!this.#isReady) return;
    this.#connection.redis.ping().catch(() => {}); // without an answer the connection is given up
    this.#subscribe([...this.#channels].filter(([, { attached }]) => !attached).map(([name]) => name));
  }

  /** Drops the connection; a new one is made at once. */
  reconnect(): void {
    this.#connection.redis.disconnect(true);
  }

  get #isReady(): boolean {
    return this.#connection.redis.status === 'ready';
  }

  async #subscribe(names: string[]): Promise<void> {
    if (names.length === 0 || !this.#isReady) return; // done once it is
    const asked = names.map((name) => this.#channels.get(name));
    try {
      await this.#connection.redis.subscribe(...names);
    } catch (error) {
      // Lost with the connection, which subscribes when it is back; or refused, and tried again by the next check.
      const reason = error instanceof Error ? error.message : String(error);
      this.#logger.warn({ reason }, 'Redis: could not subscribe');
      return;
    }
    for (const [index, name] of names.entries()) {
      const channel = this.#channels.get(name);
      if (!channel || channel.attached || channel !== asked[index]) continue;
      channel.attached = true;
      for (const listener of channel.listeners) listener.attached();
    }
  }
}

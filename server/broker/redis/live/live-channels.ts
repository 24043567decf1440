import { randomBytes } from 'node:crypto';
import type { Logger } from '../../../telemetry/logger.ts';
import { within } from '../servers/attempts.ts';
import { isReply, type RedisConnection } from '../servers/connection.ts';
import type { RedisServers } from '../servers/servers.ts';
import type { Topology } from '../servers/topology.ts';

/** A listener of a channel. */
export interface ChannelListener {
  /** The channel is subscribed to, for the first time or again: messages arrive from now on; earlier ones may be lost. */
  attached(): void;
  message(payload: string): void;
}

interface Channel {
  readonly listeners: Set<ChannelListener>;
  /** The connection on which messages arrive; null while there is none. */
  connection: RedisConnection | null;
  toldOfRefusal: boolean;
}

interface LiveChannelsSettings {
  topology: Topology;
  servers: RedisServers;
  probe: Probe;
  logger: Logger;
}

/**
 * A process's Pub/Sub: one subscription per channel for any number of listeners, renewed after every loss. It is sharded
 * Pub/Sub: a topic's channel is on the server of its keys, and no other server hears of its messages.
 */
export class LiveChannels {
  readonly #settings: LiveChannelsSettings;
  readonly #channels = new Map<string, Channel>();
  /** Connections on which a message arrived since the last check. */
  readonly #alive = new Set<RedisConnection>();

  constructor(settings: LiveChannelsSettings) {
    this.#settings = settings;
    settings.servers.onConnection((connection) => this.#use(connection));
    settings.topology.onChange(() =>
      this.#attachAll(({ connection }, name) => connection !== this.#to(name)),
    );
  }

  /** Tells if there are connections, and all can be used now. */
  get areReady(): boolean {
    return this.#settings.servers.areReady;
  }

  /** Listens until the returned function is called. */
  listen(name: string, listener: ChannelListener): () => void {
    let channel = this.#channels.get(name);
    if (!channel) {
      channel = { listeners: new Set(), connection: null, toldOfRefusal: false };
      this.#channels.set(name, channel);
      this.#attach(name);
    }
    const { listeners } = channel;
    listeners.add(listener);
    if (channel.connection) listener.attached();
    return () => {
      if (!listeners.delete(listener) || listeners.size > 0) return;
      this.#channels.delete(name);
      this.#leave(this.#to(name), name);
    };
  }

  /** Subscribes to all channels again, in case one was lost unnoticed, and probes the connections that were silent. */
  check(): void {
    this.#attachAll(() => true);
    for (const connection of this.#settings.servers.connections) {
      const channel = [...this.#channels].find(([, channel]) => channel.connection === connection)?.[0];
      if (channel !== undefined && !this.#alive.has(connection)) this.#probe(connection, channel);
    }
    this.#alive.clear();
  }

  async close(): Promise<void> {
    await this.#settings.servers.close();
  }

  #use(connection: RedisConnection): void {
    const { redis } = connection;
    redis.on('ready', () => this.#attachAll((_, name) => this.#to(name) === connection));
    redis.on('close', () => {
      for (const channel of this.#channels.values()) {
        if (channel.connection === connection) channel.connection = null;
      }
    });
    redis.on('smessage', (name: string, payload: string) => {
      this.#alive.add(connection);
      for (const listener of this.#channels.get(name)?.listeners ?? []) listener.message(payload);
    });
  }

  #to(name: string): RedisConnection | null {
    return this.#settings.servers.connectionTo(name);
  }

  #attachAll(which: (channel: Channel, name: string) => boolean): void {
    for (const [name, channel] of this.#channels) if (which(channel, name)) this.#attach(name);
  }

  async #attach(name: string): Promise<void> {
    const connection = this.#to(name);
    const channel = this.#channels.get(name);
    if (!channel || !connection?.isReady) return; // done once it is
    try {
      await connection.redis.ssubscribe(name);
    } catch (error) {
      this.#refused(name, channel, error);
      return;
    }
    if (this.#channels.get(name) !== channel || channel.connection === connection) return;
    if (channel.connection) this.#leave(channel.connection, name);
    channel.connection = connection;
    channel.toldOfRefusal = false;
    for (const listener of channel.listeners) listener.attached();
  }

  /**
   * Handles a subscription that failed. A lost connection subscribes when it is back; a slot that moved is noted; a refusal
   * by Redis is logged once, and the next check tries again.
   */
  #refused(name: string, channel: Channel, error: unknown): void {
    this.#settings.servers.noteRedirection(error);
    if (!isReply(error) || channel.toldOfRefusal) return;
    channel.toldOfRefusal = true;
    this.#settings.logger.warn(
      { channel: name, reason: error.message },
      'Redis refused a subscription to a channel; trying again',
    );
  }

  #leave(connection: RedisConnection | null, name: string): void {
    if (connection?.isReady) connection.redis.sunsubscribe(name).catch(() => {}); // gone with the connection
  }

  async #probe(connection: RedisConnection, channel: string): Promise<void> {
    if (await this.#settings.probe.arrives(connection, channel)) return;
    const redis = connection.address;
    this.#settings.logger.warn({ redis }, 'Redis delivers nothing by Pub/Sub; connecting again');
    connection.reconnect();
  }
}

/**
 * Finds a Pub/Sub connection that is open but dead: it answers every PING, and no message arrives on it. The probe
 * publishes a message to a channel of its own, on the server that the connection is to.
 */
export class Probe {
  readonly #commands: RedisServers;
  readonly #waitMs: number;
  readonly #suffix = `:probe:${randomBytes(6).toString('hex')}`;

  constructor(commands: RedisServers, waitMs: number) {
    this.#commands = commands;
    this.#waitMs = waitMs;
  }

  /**
   * Tells if a message arrives on a connection in time; true if it could not be published either.
   * @param besideChannel a channel of the connection's server; the probe's own has the same slot
   */
  async arrives({ redis }: RedisConnection, besideChannel: string): Promise<boolean> {
    const channel = besideChannel + this.#suffix;
    let onMessage = (_name: string): void => {};
    const heard = new Promise<true>((resolve) => {
      onMessage = (name) => name === channel && resolve(true);
    });
    redis.on('smessage', onMessage);
    try {
      await redis.ssubscribe(channel);
      await this.#commands.run(channel, (commands) => commands.spublish(channel, ''));
      return await within(this.#waitMs, heard).catch(() => false);
    } catch {
      return true; // the connection that failed notices it by itself
    } finally {
      redis.off('smessage', onMessage);
      if (redis.status === 'ready') redis.sunsubscribe(channel).catch(() => {}); // gone with the connection
    }
  }
}

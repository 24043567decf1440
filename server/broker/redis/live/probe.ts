import { randomBytes } from 'node:crypto';
import type { RedisConnection } from '../servers/connection.ts';
import type { RedisServers } from '../servers/servers.ts';
import { within } from '../servers/within.ts';

/**
 * Finds a Pub/Sub connection that is open and dead: it answers every PING, and nothing that is published arrives.
 * Something is published for it alone, as announcements are, on a channel that the server of another one has too.
 */
export class Probe {
  readonly #commands: RedisServers;
  readonly #waitMs: number;
  readonly #suffix = `:probe:${randomBytes(6).toString('hex')}`;

  constructor(commands: RedisServers, waitMs: number) {
    this.#commands = commands;
    this.#waitMs = waitMs;
  }

  /** False if what was published did not arrive on the connection in time; true if it did, or could not be published. */
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
      return true; // whatever failed is known to the connection that it failed on
    } finally {
      redis.off('smessage', onMessage);
      if (redis.status === 'ready') redis.sunsubscribe(channel).catch(() => {}); // gone with the connection
    }
  }
}

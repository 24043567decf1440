import type { Redis } from 'ioredis';
import type { Logger } from '../../telemetry/logger.ts';
import type { RedisServers } from './servers/servers.ts';

/**
 * Warns when a Redis may evict keys: events then vanish, and so does the state that would tell of their loss. A server is
 * asked when a connection to it is ready, and at each {@link check}, since its settings can be changed while it runs.
 */
export class EvictionWatch {
  readonly #servers: RedisServers;
  readonly #logger: Logger;
  /** The policy that was logged last, by address of the server; null after it was logged that it evicts nothing. */
  readonly #told = new Map<string, string | null>();

  constructor(servers: RedisServers, logger: Logger) {
    this.#servers = servers;
    this.#logger = logger;
    servers.onConnection(({ redis, address }) => redis.on('ready', () => this.#look(redis, address)));
  }

  /** Asks all connected servers; resolves once they answered. */
  async check(): Promise<void> {
    const ready = this.#servers.connections.filter(({ isReady }) => isReady);
    await Promise.all(ready.map(({ redis, address }) => this.#look(redis, address)));
  }

  /** Asks one server. Never rejects: an account may lack the right to ask, and a lost connection comes back. */
  async #look(redis: Redis, address: string): Promise<void> {
    const memory = await redis.info('memory').catch(() => null);
    if (memory === null) return;
    const policy = evictingPolicy(memory);
    if (policy === (this.#told.get(address) ?? null)) return;
    this.#told.set(address, policy);
    if (policy === null) this.#logger.info({ redis: address }, 'Redis no longer evicts keys');
    else this.#logger.warn({ redis: address, policy }, EVICTS);
  }
}

const EVICTS =
  'Redis may evict keys when its memory is full, and events with them: set maxmemory-policy noeviction there, and keep other data elsewhere';

/** The policy by which a server evicts keys once its memory is full; null if it evicts none. @param memory reply of `INFO memory` */
export function evictingPolicy(memory: string): string | null {
  const { maxmemory, maxmemory_policy: policy } = Object.fromEntries(
    memory.split('\r\n').map((line) => line.split(':', 2)),
  );
  // Without a limit nothing is evicted. Our keys have expiries, so the volatile policies evict them too.
  const isLimited = Number(maxmemory) > 0;
  return isLimited && policy !== undefined && policy !== 'noeviction' ? policy : null;
}

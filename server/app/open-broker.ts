import type { Broker } from '../broker/broker.ts';
import { MemoryBroker } from '../broker/memory-broker.ts';
import { RedisBroker } from '../broker/redis/redis-broker.ts';
import { SqliteBroker } from '../broker/sqlite/sqlite-broker.ts';
import type { Logger } from '../telemetry/logger.ts';
import { retentionOf, type ServerConfig } from './config.ts';

/**
 * The broker a configuration asks for, ready.
 * @throws EventsError UNAVAILABLE when Redis does not answer or the file cannot be used
 */
export async function openBroker(config: ServerConfig, logger: Logger): Promise<Broker> {
  const retention = retentionOf(config);
  if (config.data !== null) return SqliteBroker.open({ ...retention, path: config.data, logger });
  if (config.redisUrl === null) return new MemoryBroker(retention);
  const broker = new RedisBroker(
    { url: config.redisUrl },
    { ...retention, prefix: config.redisPrefix, logger },
  );
  try {
    await broker.connect();
    return broker;
  } catch (error) {
    await broker.close();
    throw error;
  }
}

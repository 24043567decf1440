import { EventsError } from '../../shared/errors.ts';
import type { Broker } from '../broker/broker.ts';
import { MemoryBroker } from '../broker/memory-broker.ts';
import type { ServerConfig } from './config.ts';

/** The broker a configuration asks for, connected. @throws EventsError UNAVAILABLE when Redis does not answer */
export async function openBroker(config: ServerConfig): Promise<Broker> {
  const retention = { maxRecords: config.retentionMaxRecords, maxAgeMs: config.retentionMaxAgeMs };
  if (config.redisUrl !== null) throw new EventsError('UNAVAILABLE', 'The Redis broker is not built yet.');
  return new MemoryBroker(retention);
}

import { Sessions } from '../../server/access/sessions/sessions.ts';
import { loadConfig } from '../../server/app/config.ts';
import { RedisBroker } from '../../server/broker/redis/redis-broker.ts';
import { EventManager } from '../../server/event-manager/event-manager.ts';
import type { KeptSchema } from '../../server/index.ts';
import { toJsonSchema } from '../../server/schema/events-schema.ts';
import { type AnyCatalog, EventsError } from '../../shared/index.ts';
import { loadCatalog } from '../schema/load-catalog.ts';
import type { Surroundings } from '../surroundings.ts';
import type { EventsSource } from './event-source.ts';

/** The logs in Redis, as servers with this process's environment have it. @throws EventsError UNAVAILABLE when it does not answer */
export async function openRedisBroker(url: string): Promise<RedisBroker> {
  const config = loadConfig({}, { ...process.env, REDIS_URL: url });
  const broker = new RedisBroker(
    { url },
    {
      prefix: config.redisPrefix,
      retention: config.retention,
      maxRecords: config.retentionMaxRecords,
      maxAgeMs: config.retentionMaxAgeMs,
      maxBytes: config.retentionMaxBytes,
    },
  );
  try {
    await broker.connect();
  } catch (error) {
    await broker.close();
    throw error;
  }
  return broker;
}

/**
 * Events straight from Redis, past any server. Says which of them the catalog lacks.
 * @param module exports the catalog. Default: the simulation's
 * @throws EventsError UNAVAILABLE when Redis does not answer, INVALID_OPTION when the module has no catalog
 */
export async function openRedis(
  url: string,
  module: string | undefined,
  around: Surroundings,
): Promise<EventsSource> {
  const catalog = await loadCatalog(module);
  const broker = await openRedisBroker(url);
  const manager = new EventManager<AnyCatalog>({ broker, catalog });
  try {
    noteUnknown(await broker.keepSchemas([]), catalog, around);
  } catch (error) {
    await manager.close();
    throw error;
  }
  return {
    keepsSettlements: true,
    publish: ({ event_type, data, ...meta }, options) =>
      manager.publish(event_type, data, { ...meta, ...options }),
    publishBatch: (events, options) => manager.publishBatch(events, options),
    async *stream(options) {
      for await (const [cursor, event] of manager.subscribe(options)) yield { cursor, event };
    },
    async *replay(options) {
      for await (const [cursor, event] of manager.replay(options)) yield { cursor, event };
    },
    history: (options) => manager.history(options),
    open: (options) => manager.openEvents(options),
    answer: (type, id, answer, options) => manager.answer(type, id, answer, options),
    erase: (options) => manager.erase(options),
    async stats() {
      throw new EventsError('INVALID_OPTION', 'stats come from a server, not from Redis: pass --url');
    },
    schema: async () => toJsonSchema(catalog),
    close: () => manager.close(),
  };
}

/** Says which events of a log a catalog lacks: they are gaps to whoever reads, and cannot be published. */
function noteUnknown(kept: readonly KeptSchema[], catalog: AnyCatalog, around: Surroundings): void {
  const unknown = new Set<string>();
  for (const { type, version } of kept) {
    if (!catalog.has(type)) unknown.add(type);
    else if (version > catalog.versionOf(type)) unknown.add(`${type}, version ${version}`);
  }
  if (unknown.size > 0)
    around.note(
      `the logs in Redis hold events that this catalog does not have: ${[...unknown].join('; ')}. Name the module that exports yours with --catalog`,
    );
}

/** Ends a subject's sessions on every server of a Redis. @throws EventsError UNAVAILABLE when Redis does not answer */
export async function revoke(subject: string, redis: string): Promise<void> {
  const broker = await openRedisBroker(redis);
  try {
    await new Sessions({ broker }).revoke(subject);
  } finally {
    await broker.close();
  }
}

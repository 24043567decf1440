import { Sessions } from '../../server/access/sessions/sessions.ts';
import { loadConfig } from '../../server/app/config.ts';
import { EventManager } from '../../server/event-manager/event-manager.ts';
import { toJsonSchema } from '../../server/schema/events-schema.ts';
import type { AnyCatalog } from '../../shared/index.ts';
import { loadCatalog } from '../schema/load-catalog.ts';
import type { Surroundings } from '../surroundings.ts';
import type { EventsSource } from './event-source.ts';
import { ReadingBroker } from './reading-broker.ts';
import { advice, whyUnreadable } from './why-unreadable.ts';

/**
 * Limits of a command whose environment names none: as good as none, since servers may keep more than they do by default, and
 * who writes to a topic trims it. The age is a century, in ms.
 */
const KEEPS_ALL = {
  RETENTION_MAX_RECORDS: '10000000',
  RETENTION_MAX_AGE_MS: `${100 * 365 * 24 * 60 * 60 * 1000}`,
  RETENTION_MAX_BYTES: `${2 ** 50}`,
};

/** The logs in Redis, as servers with this process's environment have it, but for {@link KEEPS_ALL}. @throws EventsError UNAVAILABLE when it does not answer */
export async function openRedisBroker(url: string): Promise<ReadingBroker> {
  const config = loadConfig({}, { ...KEEPS_ALL, ...process.env, REDIS_URL: url });
  const broker = new ReadingBroker(
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
 * Events straight from Redis, past any server. Says of open events which of them the catalog lacks.
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
  /** Keeps the schemas of events that are about to be written. */
  const keep = (types: readonly string[]) => broker.addSchemas(catalog, types);
  return {
    keepsSettlements: true,
    async publish({ event_type, data, ...meta }, options) {
      await keep([event_type]);
      return manager.publish(event_type, data, { ...meta, ...options });
    },
    async publishBatch(events, options) {
      await keep(events.map(({ event_type }) => event_type));
      return manager.publishBatch(events, options);
    },
    async *stream(options) {
      for await (const [cursor, event] of manager.subscribe(options)) yield { cursor, event };
    },
    async *replay(options) {
      for await (const [cursor, event] of manager.replay(options)) yield { cursor, event };
    },
    history: (options) => manager.history(options),
    async open(options) {
      const { events } = await broker.open.read(options.topic);
      const unread = new Set(events.map(({ entry }) => entry.type).filter((type) => !catalog.has(type)));
      if (unread.size > 0)
        around.note(
          `events that are open cannot be read: ${[...unread].join(', ')}: the catalog has no such event. ${advice(module, false)}`,
        );
      return manager.openEvents(options);
    },
    async answer(type, id, answer, options) {
      await keep([type]);
      return manager.answer(type, id, answer, options);
    },
    erase: (options) => manager.erase(options),
    schema: async () => toJsonSchema(catalog),
    whyUnreadable: (gap, topic) => whyUnreadable(gap, topic, { broker, catalog, module }),
    close: () => manager.close(),
  };
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

import type { Redis } from 'ioredis';
import { formatCursor, type Position } from '../../../../shared/cursor.ts';
import type { LogEntry, PublishResult } from '../../../../shared/log.ts';
import type { Logger } from '../../../telemetry/logger.ts';
import type { LogRecord } from '../../broker.ts';
import { newEpoch } from '../../epoch.ts';
import type { CompleteRetention } from '../../retention.ts';
import { SeenRecords } from '../../tail/seen-records.ts';
import type { RedisServers } from '../servers/servers.ts';
import { topicKeys } from './keys.ts';
import { PUBLISH } from './publish-script.ts';
import { type Chunk, decodeChunk, encodeId, toValues } from './record-codec.ts';
import { READ, SEEK } from './scripts.ts';

/** Redis does nothing else while it puts a chunk together. */
const CHUNK_RECORDS = 1000;
const CHUNK_CHARS = 1024 * 1024;

/** Topics that were warned about and are remembered, so that it is not said again; of more, all are forgotten. */
const MAX_WARNED = 10_000;

interface RedisLogSettings {
  prefix: string;
  retention: CompleteRetention;
  logger: Logger;
}

/** The topics' logs in Redis. Each method is one script, hence one moment. */
export class RedisLog {
  readonly #servers: RedisServers;
  readonly #settings: RedisLogSettings;
  readonly #seen = new SeenRecords();
  readonly #topicsWithForeign = new Set<string>();
  readonly #topicsWithLostIds = new Set<string>();
  #foreignEntries = 0;

  constructor(servers: RedisServers, settings: RedisLogSettings) {
    this.#servers = servers;
    this.#settings = settings;
    servers.onConnection(({ redis }) => {
      redis.defineCommand('psychePublish', { lua: PUBLISH, numberOfKeys: 4 });
      redis.defineCommand('psycheRead', { lua: READ, numberOfKeys: 2 });
      redis.defineCommand('psycheSeek', { lua: SEEK, numberOfKeys: 2 });
      redis.on('ready', () => this.otherServer());
    });
  }

  /** Entries met so far that this project did not write. */
  get foreignEntries(): number {
    return this.#foreignEntries;
  }

  /** See Broker.publish. */
  async publish(topic: string, entries: readonly LogEntry[]): Promise<PublishResult[]> {
    const { prefix, retention } = this.#settings;
    const { maxRecords, maxBytes } = retention;
    const { log, meta, ids, olderIds, live } = topicKeys(prefix, topic, this.#servers.db);
    const fields = entries.flatMap(({ type, id, json, meta }) => [type, encodeId(id), json, meta ?? '']);
    const reply = await this.#run(topic, (redis, common) =>
      redis.psychePublish(log, meta, ids, olderIds, ...common, live, maxRecords, maxBytes, fields),
    );
    const [epochValue, evicted, idsWereGone, ...places] = toValues(reply);
    const epoch = String(epochValue);
    this.#countForeign(topic, Number(evicted));
    if (idsWereGone === 1) this.#warnOfLostIds(topic);
    const newest = places.findLastIndex((place) => typeof place === 'number');
    if (newest >= 0) {
      this.#seen.confirm(topic, { epoch, seq: Number(places[newest]), id: entries[newest]?.id ?? '' });
    }
    return places.map((place) =>
      typeof place === 'string'
        ? { cursor: place, duplicate: true }
        : { cursor: formatCursor({ epoch, seq: place }), duplicate: false },
    );
  }

  /**
   * The log's bounds and, right after a position, as many records as one answer holds: at least one, if there is one.
   * @param limit records at most; Infinity for as many as it holds, 0 for the bounds alone
   * @param chars of JSON, with which it ends
   */
  async read(topic: string, after: Position, limit: number, chars = CHUNK_CHARS): Promise<Chunk> {
    const { log, meta } = topicKeys(this.#settings.prefix, topic);
    const records = Math.min(limit, CHUNK_RECORDS);
    const reply = await this.#run(topic, (redis, common) =>
      redis.psycheRead(log, meta, ...common, after.epoch, after.seq, records, chars),
    );
    const chunk = decodeChunk(after, reply);
    this.#countForeign(topic, chunk.foreign);
    const { epoch, last } = chunk.bounds;
    this.#seen.confirm(topic, { epoch, seq: last, id: chunk.lastId });
    if (after.epoch === epoch && after.seq > last) this.#seen.forgetAnnounced(topic);
    return chunk;
  }

  /** See Broker.seek. */
  async seek(topic: string, at: number): Promise<Position> {
    const { log, meta } = topicKeys(this.#settings.prefix, topic);
    const reply = await this.#run(topic, (redis, common) => redis.psycheSeek(log, meta, ...common, at));
    const [epoch, seq] = toValues(reply);
    return { epoch: String(epoch), seq: Number(seq) };
  }

  /** Tells if a topic holds records. Asks for no more: a topic that is asked for otherwise is remembered. */
  async exists(topic: string): Promise<boolean> {
    const { log } = topicKeys(this.#settings.prefix, topic);
    return (await this.#servers.run(log, (redis) => redis.exists(log))) === 1;
  }

  /** A record was announced, and followed on the one before. If the log turns out to lack it, it was rewound. */
  announced(topic: string, record: LogRecord): void {
    this.#seen.announce(topic, record);
  }

  /** Another server may answer from now on, or the same one with less than it had. */
  otherServer(): void {
    this.#seen.believeAnnounced();
  }

  /** Runs a script with the arguments that all have in common, as they are when it is sent. */
  #run<T>(topic: string, send: (redis: Redis, common: (string | number)[]) => Promise<T>): Promise<T> {
    return this.#servers.run(topicKeys(this.#settings.prefix, topic).log, (redis) => {
      const { epoch = '', seq = '', id = '', left = [] } = this.#seen.get(topic) ?? {};
      const epochs = [epoch, ...left].join(' ');
      return send(redis, [newEpoch(), this.#settings.retention.maxAgeMs, epochs, seq, encodeId(id)]);
    });
  }

  #warnOfLostIds(topic: string): void {
    if (this.#topicsWithLostIds.has(topic)) return;
    addBounded(this.#topicsWithLostIds, topic);
    this.#settings.logger.warn(
      { topic },
      'idempotency keys are gone from Redis before their time: those of records that the log still holds are known again, others may be stored twice; set maxmemory-policy noeviction',
    );
  }

  #countForeign(topic: string, count: number): void {
    if (count === 0) return;
    this.#foreignEntries += count;
    // Passed over again with every read of their range: one line per topic says it.
    if (this.#topicsWithForeign.has(topic)) return;
    addBounded(this.#topicsWithForeign, topic);
    this.#settings.logger.warn(
      { topic, entries: count },
      'entries of somebody else in the log: not delivered',
    );
  }
}

function addBounded(topics: Set<string>, topic: string): void {
  if (topics.size >= MAX_WARNED) topics.clear();
  topics.add(topic);
}

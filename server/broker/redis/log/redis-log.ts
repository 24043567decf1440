import type { Redis } from 'ioredis';
import { formatCursor, type Position } from '../../../../shared/cursor.ts';
import type { LogEntry, PublishResult } from '../../../../shared/log.ts';
import type { Logger } from '../../../telemetry/logger.ts';
import type { LogRecord } from '../../broker.ts';
import { newEpoch } from '../../epoch.ts';
import { type CompleteRetention, longestAgeMs } from '../../retention/retention.ts';
import { SeenRecords } from '../../tail/seen-records.ts';
import type { RedisServers } from '../servers/servers.ts';
import { FormatGuard } from './format.ts';
import { topicKeys, typeKey } from './keys.ts';
import { PUBLISH } from './publish-script.ts';
import { type Chunk, decodeChunk, encodeId, kindText, toValues } from './record-codec.ts';
import { READ, SEEK } from './scripts.ts';

/** Bounds of a chunk: Redis serves nobody else while it puts one together. */
const CHUNK_RECORDS = 1000;
const CHUNK_CHARS = 1024 * 1024;

/** Topics remembered as warned about, so that each is warned about once. Of more, all are forgotten. */
const MAX_WARNED = 10_000;

interface RedisLogSettings {
  prefix: string;
  retention: CompleteRetention;
  logger: Logger;
}

/** Keys and arguments of a script. */
export interface ScriptInput {
  readonly keys: readonly string[];
  readonly args: readonly (string | number | string[])[];
}

/** The logs of topics in Redis. Each method runs one script, so its answer is of one moment. */
export class RedisLog {
  /** Speaks for all that is refused for its format. */
  readonly format: FormatGuard;
  readonly #servers: RedisServers;
  readonly #settings: RedisLogSettings;
  /** Rules of types as the publish script takes them, and the age at which all records of a topic are gone. */
  readonly #rules: string;
  readonly #maxAgeMs: number;
  readonly #seen = new SeenRecords();
  readonly #topicsWithForeign = new Set<string>();
  readonly #topicsWithLostIds = new Set<string>();
  #foreignEntries = 0;

  constructor(servers: RedisServers, settings: RedisLogSettings) {
    this.#servers = servers;
    this.#settings = settings;
    this.#rules = rulesText(settings.retention.rules);
    this.#maxAgeMs = longestAgeMs(settings.retention);
    this.format = new FormatGuard(settings.logger);
    servers.onConnection(({ redis }) => {
      redis.defineCommand('psychePublish', { lua: PUBLISH });
      redis.defineCommand('psycheRead', { lua: READ, numberOfKeys: 3 });
      redis.defineCommand('psycheSeek', { lua: SEEK, numberOfKeys: 3 });
      redis.on('ready', () => this.expectRewind());
    });
  }

  /** Number of entries found that other programs wrote. */
  get foreignEntries(): number {
    return this.#foreignEntries;
  }

  /** See Broker.publish. */
  async publish(topic: string, entries: readonly LogEntry[]): Promise<PublishResult[]> {
    return (await this.#append(topic, entries, '')).results;
  }

  /** See Broker.erase. */
  async erase(
    topic: string,
    epoch: string,
    seqs: readonly number[],
    notices: readonly LogEntry[],
  ): Promise<number> {
    if (seqs.length === 0) return 0;
    return (await this.#append(topic, notices, `${epoch} ${seqs.join(' ')}`)).erased;
  }

  /** @param erasing epoch and numbers of the records to erase; empty for none */
  async #append(
    topic: string,
    entries: readonly LogEntry[],
    erasing: string,
  ): Promise<{ results: PublishResult[]; erased: number }> {
    const { keys, args } = this.publishing(topic, entries, erasing);
    const reply = await this.run(topic, (redis, common) =>
      redis.psychePublish(keys.length, ...keys, ...common, ...args),
    );
    return this.published(topic, entries, toValues(reply));
  }

  /** Keys of the publish script, and its arguments after those that all scripts begin with. */
  publishing(topic: string, entries: readonly LogEntry[], erasing = ''): ScriptInput {
    const { prefix, retention } = this.#settings;
    const { maxRecords, maxBytes, rules } = retention;
    const lists = rules.map(({ type }) => typeKey(prefix, topic, type));
    const { log, meta, erased, ids, olderIds, live } = topicKeys(prefix, topic, this.#servers.db);
    const fields: string[] = [];
    for (const entry of entries)
      fields.push(kindText(entry), encodeId(entry.id), entry.json, entry.meta ?? '');
    return {
      keys: [log, meta, erased, ids, olderIds, ...lists],
      args: [live, maxRecords, maxBytes, erasing, this.#rules, fields],
    };
  }

  /** Takes in the reply of the publish script. */
  published(
    topic: string,
    entries: readonly LogEntry[],
    reply: readonly (string | number)[],
  ): { results: PublishResult[]; erased: number } {
    const [epochValue, evicted, idsWereGone, erasedCount, ...places] = reply;
    const epoch = String(epochValue);
    this.#countForeign(topic, Number(evicted));
    if (idsWereGone === 1) this.#warnOfLostIds(topic);
    const newest = places.findLastIndex((place) => typeof place === 'number');
    if (newest >= 0) {
      this.#seen.confirm(topic, { epoch, seq: Number(places[newest]), id: entries[newest]?.id ?? '' });
    }
    const results = places.map((place) =>
      typeof place === 'string'
        ? { cursor: place, duplicate: true }
        : { cursor: formatCursor({ epoch, seq: place }), duplicate: false },
    );
    return { results, erased: Number(erasedCount) };
  }

  /**
   * Reads a chunk: the log's bounds, and the records right after a position, at least one if there is one.
   * @param limit most records; Infinity for as many as a chunk holds, 0 for the bounds alone
   * @param chars characters of JSON at which the chunk ends
   */
  async read(topic: string, after: Position, limit: number, chars = CHUNK_CHARS): Promise<Chunk> {
    const { log, meta, erased } = topicKeys(this.#settings.prefix, topic);
    const records = Math.min(limit, CHUNK_RECORDS);
    const reply = await this.run(topic, (redis, common) =>
      redis.psycheRead(log, meta, erased, ...common, after.epoch, after.seq, records, chars),
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
    const { log, meta, erased } = topicKeys(this.#settings.prefix, topic);
    const reply = await this.run(topic, (redis, common) =>
      redis.psycheSeek(log, meta, erased, ...common, at),
    );
    const [epoch, seq] = toValues(reply);
    return { epoch: String(epoch), seq: Number(seq) };
  }

  /** Tells if a topic holds records. Unlike the scripts, this makes Redis remember nothing of the topic. */
  async exists(topic: string): Promise<boolean> {
    const { log } = topicKeys(this.#settings.prefix, topic);
    return (await this.#servers.run(log, (redis) => redis.exists(log))) === 1;
  }

  /** Refuses a topic whose log is of a later format, before anything is written for it. @throws EventsError UNAVAILABLE */
  async checkFormat(topic: string): Promise<void> {
    const { meta } = topicKeys(this.#settings.prefix, topic);
    const [format] = await this.#servers.run(meta, (redis) => redis.hmget(meta, 'format'));
    this.format.check(`The log of topic ${topic}`, Number(format ?? 1));
  }

  /** Notes a record that was announced and followed on the one before. A log that turns out to lack it was rewound. */
  noteAnnounced(topic: string, record: LogRecord): void {
    this.#seen.announce(topic, record);
  }

  /** Makes announced records count as seen: another server may answer from now on, or the same one with fewer records. */
  expectRewind(): void {
    this.#seen.believeAnnounced();
  }

  /** Runs a script with the arguments that all scripts begin with, computed when it is sent. */
  async run<T>(topic: string, send: (redis: Redis, common: (string | number)[]) => Promise<T>): Promise<T> {
    const answer = this.#servers.run(topicKeys(this.#settings.prefix, topic).log, (redis) => {
      const { epoch = '', seq = '', id = '', left = [] } = this.#seen.get(topic) ?? {};
      const epochs = [epoch, ...left].join(' ');
      return send(redis, [newEpoch(), this.#maxAgeMs, epochs, seq, encodeId(id)]);
    });
    return this.format.explain(`The log of topic ${topic}`, answer);
  }

  #warnOfLostIds(topic: string): void {
    if (this.#topicsWithLostIds.has(topic)) return;
    addBounded(this.#topicsWithLostIds, topic);
    this.#settings.logger.warn(
      { topic },
      'Redis lost idempotency keys before their time. Keys of records that the log still holds were restored; a retry of any other publish is stored twice. Set maxmemory-policy noeviction',
    );
  }

  #countForeign(topic: string, count: number): void {
    if (count === 0) return;
    this.#foreignEntries += count;
    // Every read of their range counts them again; one line per topic is enough.
    if (this.#topicsWithForeign.has(topic)) return;
    addBounded(this.#topicsWithForeign, topic);
    this.#settings.logger.warn(
      { topic, entries: count },
      'Another program wrote entries to the log, which were not delivered. Give it another key prefix',
    );
  }
}

/** Rules as the publish script takes them. */
function rulesText(rules: CompleteRetention['rules']): string {
  return rules.map(({ type, maxRecords, maxAgeMs }) => `${type} ${maxRecords} ${maxAgeMs} `).join('');
}

function addBounded(topics: Set<string>, topic: string): void {
  if (topics.size >= MAX_WARNED) topics.clear();
  topics.add(topic);
}

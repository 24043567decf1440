import type { Position } from '../../../shared/cursor.ts';
import type { LogEntry, PublishResult } from '../../../shared/log.ts';
import { checkOptions } from '../../../shared/options/known-options.ts';
import { LONGEST_TIMER_MS, onAbort } from '../../../shared/timing.ts';
import { type Logger, silentLogger } from '../../telemetry/logger.ts';
import {
  type Bounds,
  type Broker,
  brokerClosed,
  type KeptSchema,
  READ_CHARS,
  type ReadResult,
  type Tail,
  type TailSink,
} from '../broker.ts';
import type { OpenEvents } from '../open/open-events.ts';
import {
  completeRetention,
  longestAgeMs,
  RETENTION_OPTIONS,
  type Retention,
  requireCounts,
} from '../retention/retention.ts';
import { PublishQueue } from '../tail/publish-queue.ts';
import { EvictionWatch } from './eviction-watch.ts';
import { LiveChannels, Probe } from './live/live-channels.ts';
import { RedisTail } from './live/redis-tail.ts';
import { TopicIndex } from './live/topic-index.ts';
import { KeptSchemas } from './log/kept-schemas.ts';
import { checkPrefix, indexKeys, topicKeys } from './log/keys.ts';
import { RedisLog } from './log/redis-log.ts';
import { DueTopics } from './open/due-topics.ts';
import { OpenSets } from './open/open-sets.ts';
import { RedisOpen } from './open/redis-open.ts';
import { openTopology, type RedisSource } from './servers/open-topology.ts';
import { RedisServers } from './servers/servers.ts';
import type { Topology } from './servers/topology.ts';

/** A connection that owes an answer for twice `timeoutMs` is dead. */
const MOST_TIMEOUT_MS = Math.floor(LONGEST_TIMER_MS / 2);

/** Options of a {@link RedisBroker}: the use of Redis, and retention. */
export interface RedisBrokerOptions extends Retention {
  /** Prefix of all keys and channels. Default `psyche`. */
  prefix?: string;
  /**
   * Ms that a call waits for Redis before it rejects with UNAVAILABLE. An outage shorter than this delays calls; during a
   * longer one they fail at once. Default 2000.
   */
  timeoutMs?: number;
  /** Ms between two comparisons of a tail's position with the log's end: a record whose announcement is lost can be that late. Default 5000. */
  checkIntervalMs?: number;
  /** Default: logs nothing. */
  logger?: Logger;
}

/**
 * The broker that several processes share: logs are Redis streams, records are announced by Pub/Sub.
 *
 * Needs Redis 7.0 or newer. It connects at once, and reconnects until it is closed; `connect` tells if that worked.
 */
export class RedisBroker implements Broker {
  readonly #logger: Logger;
  readonly #prefix: string;
  readonly #timeoutMs: number;
  readonly #topology: Topology;
  readonly #commands: RedisServers;
  readonly #eviction: EvictionWatch;
  readonly #log: RedisLog;
  readonly #index: TopicIndex;
  readonly #schemas: KeptSchemas;
  readonly #sets: OpenSets;
  readonly #due: DueTopics;
  readonly open: OpenEvents;
  readonly #queue: PublishQueue;
  readonly #tails = new Set<RedisTail>();
  readonly #checks: NodeJS.Timeout;
  #channels: LiveChannels | null = null;
  #closing: Promise<void> | null = null;

  /** @throws TypeError naming the option that is wrong */
  constructor(source: RedisSource, options: RedisBrokerOptions = {}) {
    checkOptions<RedisBrokerOptions>('RedisBroker', options, {
      prefix: 1,
      timeoutMs: 1,
      checkIntervalMs: 1,
      logger: 1,
      ...RETENTION_OPTIONS,
    });
    const { prefix = 'psyche', timeoutMs = 2000, checkIntervalMs = 5000, logger = silentLogger } = options;
    const retention = completeRetention('RedisBroker', options);
    requireCounts('RedisBroker', { timeoutMs }, MOST_TIMEOUT_MS);
    requireCounts('RedisBroker', { checkIntervalMs }, LONGEST_TIMER_MS);
    this.#logger = logger;
    this.#prefix = checkPrefix(prefix);
    this.#timeoutMs = timeoutMs;
    this.#topology = openTopology(source, timeoutMs);
    this.#commands = new RedisServers(this.#topology, { name: 'commands', timeoutMs, logger });
    this.#eviction = new EvictionWatch(this.#commands, logger);
    this.#log = new RedisLog(this.#commands, { prefix, retention, logger });
    this.#sets = new OpenSets(this.#commands, prefix, this.#log);
    this.#commands.connectionTo(prefix);
    const keys = indexKeys(prefix, this.#commands.db);
    this.#index = new TopicIndex({
      keys,
      maxAgeMs: longestAgeMs(retention),
      run: (send) => this.#commands.run(keys.topics, send),
      check: (topic) => this.#log.checkFormat(topic),
      holds: (topic) => this.#log.exists(topic),
      listen: (listener) => this.#listening().listen(keys.live, listener),
    });
    this.#schemas = new KeptSchemas(this.#commands, keys.schemas, this.#log.format);
    this.#due = new DueTopics({
      key: keys.open,
      run: (send) => this.#commands.run(keys.open, send),
      hasOpen: (topic) => this.#sets.hasOpen(topic),
    });
    this.open = new RedisOpen({
      log: this.#log,
      sets: this.#sets,
      due: this.#due,
      enter: (topic) => this.#index.enter(topic),
    });
    this.#topology.onChange(() => this.#log.expectRewind());
    this.#queue = new PublishQueue((topic, entries) => this.#log.publish(topic, entries));
    this.#checks = setInterval(() => this.#check(), checkIntervalMs).unref();
  }

  /** Resolves once Redis answered, and was asked if it evicts keys. @throws EventsError UNAVAILABLE, with its host and port, after `timeoutMs` */
  async connect(): Promise<void> {
    this.#checkOpen();
    await this.#commands.run(this.#prefix, () => this.#eviction.check());
  }

  /** Tells for each kind if all its connections can be used now. `subscriber` is there once a topic is followed. */
  get connections(): Readonly<Record<string, boolean>> {
    return {
      commands: this.#commands.areReady,
      ...(this.#channels && { subscriber: this.#channels.areReady }),
    };
  }

  /** Number of entries found in logs that other programs wrote, and that were not delivered. */
  get foreignEntries(): number {
    return this.#log.foreignEntries;
  }

  publish(topic: string, entries: readonly LogEntry[]): Promise<PublishResult[]> {
    if (this.#closing) return Promise.reject(brokerClosed());
    if (entries.length === 0) return Promise.resolve([]);
    const entering = this.#index.enter(topic);
    const append = () => this.#queue.publish(topic, entries);
    return entering ? entering.then(append) : append();
  }

  async erase(
    topic: string,
    epoch: string,
    seqs: readonly number[],
    notices: readonly LogEntry[],
  ): Promise<number> {
    this.#checkOpen();
    return this.#log.erase(topic, epoch, seqs, notices);
  }

  async read(topic: string, after: Position, limit: number): Promise<ReadResult> {
    this.#checkOpen();
    const { gap, gaps, records, bounds } = await this.#log.read(topic, after, limit, READ_CHARS);
    return { gap, records, bounds, ...(gaps && { gaps }) };
  }

  async bounds(topic: string): Promise<Bounds> {
    this.#checkOpen();
    return (await this.#log.read(topic, { epoch: '', seq: 0 }, 0)).bounds;
  }

  async seek(topic: string, at: number): Promise<Position> {
    this.#checkOpen();
    return this.#log.seek(topic, at);
  }

  async tail(topic: string, sink: TailSink, signal?: AbortSignal): Promise<Tail> {
    this.#checkOpen();
    signal?.throwIfAborted();
    const channel = topicKeys(this.#prefix, topic, this.#commands.db).live;
    const shared = { log: this.#log, sets: this.#sets, channels: this.#listening(), logger: this.#logger };
    const tail = new RedisTail({ topic, channel, ...shared }, sink);
    const close = (): void => {
      this.#tails.delete(tail);
      tail.close();
    };
    this.#tails.add(tail);
    const letGo = signal && onAbort(signal, close);
    await tail.started.finally(letGo);
    return { close };
  }

  async topics(sink: (names: readonly string[]) => void, signal?: AbortSignal): Promise<Tail> {
    this.#checkOpen();
    signal?.throwIfAborted();
    return this.#index.follow(sink, signal);
  }

  async keepSchemas(schemas: readonly KeptSchema[]): Promise<KeptSchema[]> {
    this.#checkOpen();
    return this.#schemas.keep(schemas);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    clearInterval(this.#checks);
    for (const tail of this.#tails) tail.close();
    this.#tails.clear();
    await this.#index.close();
    this.#queue.flush();
    await Promise.all([this.#commands.close(), this.#channels?.close()]);
    this.#topology.close();
  }

  #checkOpen(): void {
    if (this.#closing) throw brokerClosed();
  }

  #check(): void {
    this.#channels?.check();
    for (const tail of this.#tails) tail.check();
    this.#index.check();
    this.#due.check();
    this.#eviction.check();
  }

  /** The channels. Made when first needed: a process that only publishes opens no second connection. */
  #listening(): LiveChannels {
    if (!this.#channels) {
      const settings = { name: 'subscriber', timeoutMs: this.#timeoutMs, logger: this.#logger };
      const servers = new RedisServers(this.#topology, settings);
      const probe = new Probe(this.#commands, this.#timeoutMs);
      this.#channels = new LiveChannels({ topology: this.#topology, servers, probe, logger: this.#logger });
    }
    return this.#channels;
  }
}

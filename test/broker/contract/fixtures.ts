import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { inject } from 'vitest';
import type { Broker } from '../../../server/broker/broker.ts';
import { MemoryBroker } from '../../../server/broker/memory-broker.ts';
import { topicKeys } from '../../../server/broker/redis/log/keys.ts';
import { RedisBroker, type RedisBrokerOptions } from '../../../server/broker/redis/redis-broker.ts';
import { openClient, type RedisSource } from '../../../server/broker/redis/servers/open-topology.ts';
import type { Retention } from '../../../server/broker/retention/retention.ts';
import type { LogEntry } from '../../../shared/log.ts';
import { DiskFixture } from '../../broker-disk/fixtures.ts';
import { writeFileOfFormat1, writeTopicOfFormat1 } from '../../versions/format-1.ts';
import { admin } from '../redis/redis-admin.ts';

/** A log of a test's own, and the brokers of it. */
export interface BrokerFixture extends AsyncDisposable {
  readonly broker: Broker;
  /** A broker of the same log in what would be another process. */
  another(): Broker;
  /** Time goes on by at least so much, where the test rules over time; otherwise it does so by itself. */
  passTime(ms: number): void;
  /**
   * Has the log of a topic lost, and its epoch with it; resolves with a broker of what is there then. Absent where a log
   * goes with its process alone.
   */
  readonly loseLog?: ((topic: string) => Promise<Broker>) | undefined;
}

export interface BrokerKind {
  readonly name: string;
  /** True if its logs, and the schemas of events beside them, outlive the process. */
  readonly keepsSchemas: boolean;
  open(retention?: Retention): Promise<BrokerFixture>;
  /** Opens a log of format 1 that holds entries of a topic. Absent: its logs go with the process. */
  readonly inherit?: (
    topic: string,
    entries: readonly LogEntry[],
    retention?: Retention,
  ) => Promise<BrokerFixture>;
}

const memory: BrokerKind = {
  name: 'MemoryBroker',
  keepsSchemas: false,
  async open(retention) {
    let now = Date.now();
    const broker = new MemoryBroker({ ...retention, now: () => now });
    return {
      broker,
      another: () => broker,
      passTime(ms) {
        now += ms;
      },
      async loseLog(topic) {
        broker.lose(topic);
        return broker;
      },
      [Symbol.asyncDispose]: () => broker.close(),
    };
  },
};

const sqlite: BrokerKind = {
  name: 'SqliteBroker',
  keepsSchemas: true,
  open: (retention) => openFile(new DiskFixture(), retention),
  async inherit(topic, entries, retention) {
    const disk = new DiskFixture();
    await writeFileOfFormat1(disk, topic, entries, { isKnown: true });
    return openFile(disk, retention);
  },
};

async function openFile(disk: DiskFixture, retention: Retention | undefined): Promise<BrokerFixture> {
  const broker = await disk.open(retention);
  return {
    broker,
    another: () => broker,
    passTime: (ms) => disk.passTime(ms),
    async loseLog() {
      await broker.close();
      rmSync(`${disk.path}-mark`);
      return disk.open(retention);
    },
    [Symbol.asyncDispose]: () => disk[Symbol.asyncDispose](),
  };
}

/**
 * Brokers on some Redis.
 * @param masterOf the server that has a key
 */
export function redisKind(
  name: string,
  source: () => string,
  masterOf: (key: string) => Promise<{ readonly url: string }>,
): BrokerKind {
  const open = async (options: RedisBrokerOptions = {}) =>
    redisFixture({ timeoutMs: 20_000, ...options }, source());
  return {
    name,
    keepsSchemas: true,
    open,
    async inherit(topic, entries, retention) {
      const prefix = `test-${randomUUID()}`;
      await admin(await masterOf(topicKeys(prefix, topic).log), async (redis) => {
        const all = redis.multi();
        writeTopicOfFormat1(all, prefix, topic, entries);
        await all.exec();
      });
      return open({ prefix, ...retention });
    },
  };
}

const redis = redisKind(
  'RedisBroker',
  () => inject('redisUrl'),
  async () => ({ url: inject('redisUrl') }),
);

export const brokerKinds: readonly BrokerKind[] = [memory, sqlite, redis];

/** Brokers of a prefix of their own, if none is given. Default: on the Redis of the whole run. */
export function redisFixture(
  options: RedisBrokerOptions = {},
  from: string | RedisSource = inject('redisUrl'),
) {
  const source = typeof from === 'string' ? { url: from } : from;
  const { prefix = `test-${randomUUID()}` } = options;
  const brokers: RedisBroker[] = [];
  const another = () => {
    const broker = new RedisBroker(source, { ...options, prefix });
    brokers.push(broker);
    return broker;
  };
  return {
    prefix,
    broker: another(),
    another,
    passTime() {},
    async loseLog(topic: string) {
      if (!('url' in source)) throw new Error('the fixture has no URL');
      const redis = openClient(source.url, { name: 'test', timeoutMs: 20_000 });
      await once(redis, 'ready');
      const { log, meta } = topicKeys(prefix, topic);
      await redis.del(log, meta);
      redis.disconnect();
      return another();
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(brokers.map((broker) => broker.close()));
    },
  };
}

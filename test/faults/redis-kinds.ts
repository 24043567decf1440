import { admin } from '../broker/redis/redis-admin.ts';
import { startRedisCluster } from '../setup/redis-cluster.ts';
import { startRedisSentinel } from '../setup/redis-sentinel.ts';
import { type RedisServer, startRedis } from '../setup/redis-server.ts';
import { isLong } from './chaos.ts';

/** A Redis of some kind. */
export interface SomeRedis extends AsyncDisposable {
  readonly url: string;
  /** The servers that take writes. */
  masters(): Promise<RedisServer[]>;
  /** The one of them that has a key. */
  masterOf(key: string): Promise<RedisServer>;
  /** Waits until all servers work together again. */
  heal(): Promise<void>;
}

interface RedisKind {
  readonly name: string;
  /** True if a master that takes no writes for some seconds stays the master: Sentinels replace it. */
  readonly keepsPausedMaster: boolean;
  open(): Promise<SomeRedis>;
}

const oneServer: RedisKind = {
  name: 'one server',
  keepsPausedMaster: true,
  async open() {
    const server = await startRedis();
    return {
      url: server.url,
      masters: async () => [server],
      masterOf: async () => server,
      heal: async () => {},
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  },
};

const sentinel: RedisKind = {
  name: 'Sentinel',
  keepsPausedMaster: false,
  async open() {
    const redis = await startRedisSentinel();
    return {
      url: redis.url,
      masters: async () => [await redis.master()],
      masterOf: () => redis.master(),
      heal: () => redis.heal(),
      [Symbol.asyncDispose]: () => redis[Symbol.asyncDispose](),
    };
  },
};

const cluster: RedisKind = {
  name: 'Cluster',
  keepsPausedMaster: true,
  async open() {
    const redis = await startRedisCluster();
    const isMaster = (server: RedisServer) =>
      admin(server, async (say) => (await say.info('replication')).includes('role:master'));
    return {
      url: redis.url,
      async masters() {
        const are = await Promise.all(redis.nodes.map(isMaster));
        return redis.nodes.filter((_, index) => are[index]);
      },
      masterOf: (key) => redis.masterOf(key),
      heal: () => redis.heal(),
      [Symbol.asyncDispose]: () => redis[Symbol.asyncDispose](),
    };
  },
};

/** All kinds in the long form; one server alone otherwise. */
export const redisKinds: readonly RedisKind[] = isLong ? [oneServer, sentinel, cluster] : [oneServer];

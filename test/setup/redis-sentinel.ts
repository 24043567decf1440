import { Redis } from 'ioredis';
import { type RedisServer, startRedis } from './redis-server.ts';
import { until } from './until.ts';

export interface RedisSentinel extends AsyncDisposable {
  readonly url: string;
  /** The master and its replicas, whichever is which by now. */
  readonly servers: readonly RedisServer[];
  readonly sentinels: readonly RedisServer[];
  /** The server that the Sentinels name. */
  master(): Promise<RedisServer>;
  /** Restarts who is dead, and waits until the master has its replicas, and all Sentinels know them. */
  heal(): Promise<void>;
}

const NAME = 'mymaster';

interface RedisSentinelOptions {
  replicas?: number;
  /** More arguments of master and replicas. */
  args?: readonly string[];
  /** Ms of silence after which a master is replaced. Default 500: a busy machine may make one seem dead. */
  silentMs?: number;
}

/** A master, replicas, and three Sentinels that replace a master that is silent. */
export async function startRedisSentinel({
  replicas = 2,
  args = [],
  silentMs = 500,
}: RedisSentinelOptions = {}): Promise<RedisSentinel> {
  const common = ['--repl-diskless-sync-delay', '0', ...args];
  const first = await startRedis({ args: common });
  const others = await Promise.all(
    Array.from({ length: replicas }, () =>
      startRedis({ args: ['--replicaof', '127.0.0.1', `${first.port}`, ...common] }),
    ),
  );
  const servers = [first, ...others];
  const sentinels = await Promise.all(
    Array.from({ length: 3 }, () =>
      startRedis({
        config: [
          `sentinel monitor ${NAME} 127.0.0.1 ${first.port} 2`,
          `sentinel down-after-milliseconds ${NAME} ${silentMs}`,
          `sentinel failover-timeout ${NAME} 3000`,
          `sentinel parallel-syncs ${NAME} 5`,
        ],
        args: ['--sentinel'],
      }),
    ),
  );
  const clients = sentinels.map(({ port }) => connect(port));
  const master = async (): Promise<RedisServer> => {
    const named = await Promise.any(
      clients.map((redis) => redis.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', NAME)),
    );
    const found = servers.find(({ port }) => Array.isArray(named) && Number(named[1]) === port);
    if (!found) throw new Error('the Sentinels name no master');
    return found;
  };
  const healthy = () =>
    until('master, replicas and Sentinels know each other', async () => {
      const redis = connect((await master()).port);
      const replication = await redis.info('replication').finally(() => redis.disconnect());
      const known = await Promise.all(
        clients.map(async (sentinel) => {
          const [quorum, list] = await Promise.all([
            sentinel.call('SENTINEL', 'CKQUORUM', NAME),
            sentinel.call('SENTINEL', 'REPLICAS', NAME),
          ]);
          const flags = Array.isArray(list) ? list.map((one) => one[one.indexOf('flags') + 1]) : [];
          const isKnown = flags.filter((flag) => flag === 'slave').length === replicas;
          return isKnown && String(quorum).startsWith(`OK ${sentinels.length} `);
        }),
      );
      return (replication.match(/state=online/g) ?? []).length === replicas && known.every(Boolean);
    });
  await healthy();
  return {
    url: `redis+sentinel://${sentinels.map(({ port }) => `127.0.0.1:${port}`).join(',')}/${NAME}`,
    servers,
    sentinels,
    master,
    async heal() {
      const { port } = await master();
      for (const server of servers) {
        if (server.isRunning) continue;
        await server.restart();
        const redis = connect(server.port);
        await redis.replicaof('127.0.0.1', port); // the Sentinels would say so too, in 8 s
        redis.disconnect();
      }
      await healthy();
    },
    async [Symbol.asyncDispose]() {
      for (const redis of clients) redis.disconnect();
      await Promise.all([...servers, ...sentinels].map((server) => server[Symbol.asyncDispose]()));
    },
  };
}

function connect(port: number): Redis {
  const redis = new Redis(port, '127.0.0.1', { retryStrategy: () => 50, maxRetriesPerRequest: 1 });
  redis.on('error', () => {}); // it is a test that kills servers
  return redis;
}

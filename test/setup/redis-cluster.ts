import { Redis } from 'ioredis';
import { keySlot, SLOTS } from '../../server/broker/redis/servers/topology.ts';
import { freePort, type RedisServer, startRedis } from './redis-server.ts';
import { until } from './until.ts';

export interface RedisCluster extends AsyncDisposable {
  readonly url: string;
  readonly nodes: readonly RedisServer[];
  /** The node that has a key now. */
  masterOf(key: string): Promise<RedisServer>;
  /** The node that replicates the one that has a key. */
  replicaOf(key: string): Promise<RedisServer>;
  /** Moves the slot of a key, with all it holds, from its master to another, as `redis-cli --cluster` does. */
  moveSlot(key: string): Promise<void>;
  /** Restarts who is dead, and waits until every node says that all is well, with a replica for each master. */
  heal(): Promise<void>;
}

const NODES = 6;
const MASTERS = 3;

/** Ms of silence after which a master is replaced, where a test replaces none, however late a busy machine makes it answer. */
export const NEVER_MS = 120_000;

/** A Redis Cluster of a test's own: three masters with a replica each. */
export async function startRedisCluster(args: readonly string[] = []): Promise<RedisCluster> {
  const nodes = await Promise.all(Array.from({ length: NODES }, () => startNode(args)));
  const clients = new Map<RedisServer, Redis>(nodes.map((node) => [node, connect(node.port)]));
  const all = <T>(say: (redis: Redis, index: number) => Promise<T>): Promise<T[]> =>
    Promise.all([...clients.values()].map(say));
  const say = (node: RedisServer, command: string, ...rest: (string | number)[]) =>
    clients.get(node)?.call(command, ...rest);
  const [seed] = nodes;
  if (!seed) throw new Error('no node');

  const perMaster = Math.ceil(SLOTS / MASTERS);
  await all(async (redis, index) => {
    await redis.call('CLUSTER', 'SET-CONFIG-EPOCH', index + 1);
    if (index >= MASTERS) return;
    const last = Math.min(SLOTS, (index + 1) * perMaster) - 1;
    await redis.call('CLUSTER', 'ADDSLOTSRANGE', index * perMaster, last);
  });
  for (const { port, busPort } of nodes.slice(1))
    await say(seed, 'CLUSTER', 'MEET', '127.0.0.1', port, busPort);
  await until('all nodes know each other', async () =>
    (await all((redis) => nodesSeenBy(redis))).every(
      (seen) => seen.length === NODES && seen.every(({ flags }) => !/handshake|noaddr/.test(flags)),
    ),
  );
  const ids = await all((redis) => redis.call('CLUSTER', 'MYID'));
  await all(async (redis, index) => {
    if (index >= MASTERS) await redis.call('CLUSTER', 'REPLICATE', String(ids[index % MASTERS]));
  });

  const healthy = () =>
    until('the Cluster is healthy', async () =>
      (
        await all(async (redis) => {
          const seen = await nodesSeenBy(redis);
          const isOk = String(await redis.call('CLUSTER', 'INFO')).includes('cluster_state:ok');
          const replicas = seen.filter(({ flags }) => flags.includes('slave') && !flags.includes('fail'));
          const replication = await redis.info('replication');
          const isLinked = replication.includes('role:master') || replication.includes('link_status:up');
          return isOk && isLinked && replicas.length === NODES - MASTERS;
        })
      ).every(Boolean),
    );
  const masterOf = async (key: string): Promise<RedisServer> => {
    for (const [node, redis] of clients) {
      if (!node.isRunning) continue;
      const owned = await redis.cluster('SLOTS').catch(() => []);
      const range = owned.find(([first, last]) => keySlot(key) >= first && keySlot(key) <= last);
      const master = nodes.find(({ port }) => port === range?.[2]?.[1]);
      if (master) return master;
    }
    throw new Error(`nobody has ${key}`);
  };
  const replicaOf = async (key: string): Promise<RedisServer> => {
    const { port } = await masterOf(key);
    for (const [node, redis] of clients) {
      if (node.isRunning && (await redis.info('replication')).includes(`master_port:${port}\r`)) return node;
    }
    throw new Error(`nobody replicates ${key}`);
  };
  await healthy();

  return {
    url: `redis+cluster://${nodes.map(({ port }) => `127.0.0.1:${port}`).join(',')}`,
    nodes,
    masterOf,
    replicaOf,
    async heal() {
      for (const node of nodes) if (!node.isRunning) await node.restart();
      await healthy();
    },
    async moveSlot(key) {
      const slot = keySlot(key);
      const source = await masterOf(key);
      const masters = await Promise.all(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map(masterOf));
      const target = masters.find((node) => node !== source);
      if (!target) throw new Error('one node has everything');
      const idOf = async (node: RedisServer) => String(await say(node, 'CLUSTER', 'MYID'));
      const [sourceId, targetId] = [await idOf(source), await idOf(target)];
      await say(target, 'CLUSTER', 'SETSLOT', slot, 'IMPORTING', sourceId);
      await say(source, 'CLUSTER', 'SETSLOT', slot, 'MIGRATING', targetId);
      for (;;) {
        const keys = await say(source, 'CLUSTER', 'GETKEYSINSLOT', slot, 100);
        if (!Array.isArray(keys) || keys.length === 0) break;
        for (const name of keys.map(String))
          await say(source, 'MIGRATE', '127.0.0.1', target.port, name, 0, 5000);
      }
      await say(target, 'CLUSTER', 'SETSLOT', slot, 'NODE', targetId);
      await say(source, 'CLUSTER', 'SETSLOT', slot, 'NODE', targetId);
    },
    async [Symbol.asyncDispose]() {
      for (const redis of clients.values()) redis.disconnect();
      await Promise.all(nodes.map((node) => node[Symbol.asyncDispose]()));
    },
  };
}

/** Fails over after a second; a replica takes over however far it is behind. */
async function startNode(args: readonly string[]) {
  const busPort = await freePort();
  const server = await startRedis({
    args: [
      ...['--cluster-enabled', 'yes', '--cluster-port', `${busPort}`, '--cluster-config-file', 'nodes.conf'],
      ...['--cluster-node-timeout', '1000', '--cluster-replica-validity-factor', '0'],
      ...['--repl-diskless-sync-delay', '0', ...args],
    ],
  });
  return Object.assign(server, { busPort });
}

async function nodesSeenBy(redis: Redis): Promise<{ flags: string }[]> {
  const lines = String(await redis.call('CLUSTER', 'NODES'))
    .trim()
    .split('\n');
  return lines.map((line) => ({ flags: line.split(' ')[2] ?? '' }));
}

function connect(port: number): Redis {
  const redis = new Redis(port, '127.0.0.1', { retryStrategy: () => 50, maxRetriesPerRequest: 1 });
  redis.on('error', () => {}); // it is a test that kills servers
  return redis;
}

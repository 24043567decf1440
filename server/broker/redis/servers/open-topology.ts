import { Cluster, Redis } from 'ioredis';
import { reconnectDelay } from './attempts.ts';
import { ClusterTopology } from './cluster-topology.ts';
import type { RedisConnectionOptions } from './connection.ts';
import { OneServer, SentinelWatch } from './one-server.ts';
import { parseRedisUrl } from './redis-url.ts';
import type { Topology } from './topology.ts';

/** The source of a broker's connections. */
export type RedisSource =
  /**
   * One server: `redis://user:password@host:6379/0`; one behind Sentinels: `redis+sentinel://host1:26379,host2/name`;
   * a Cluster: `redis+cluster://host1:7000,host2:7000`. With `rediss` in place of `redis`, over TLS.
   */
  | { url: string; connect?: (options: RedisConnectionOptions) => Redis }
  /**
   * Makes a connection, where a URL cannot say how. Called once for each connection the broker needs. With a `url`
   * beside it, its options include those of the URL, e.g. the address of a Cluster's node.
   * @example { connect: (options) => new Redis({ ...options, path: '/run/redis.sock' }) }
   */
  | { connect: (options: RedisConnectionOptions) => Redis };

/** @throws TypeError when the URL is wrong; the message names the fix, and no part of the URL */
export function openTopology(source: RedisSource, timeoutMs: number): Topology {
  if (typeof source !== 'object' || source === null || !('url' in source || 'connect' in source))
    throw new TypeError("RedisBroker: pass where Redis is, such as { url: 'redis://127.0.0.1:6379' }");
  const connect = source.connect ?? ((options) => new Redis(options));
  if (!('url' in source)) return new OneServer({ connect, address: null });
  const { servers, sentinel, cluster, options } = parseRedisUrl(source.url);
  const address = servers.map(({ host, port }) => `${host}:${port}`).join(', ');
  if (cluster) {
    return new ClusterTopology({
      seeds: servers,
      timeoutMs,
      connect: (own) => connect({ ...own, ...options }),
    });
  }
  if (!sentinel)
    return new OneServer({ connect: (own) => connect({ ...own, ...servers[0], ...options }), address });
  const where = { sentinels: [...servers], ...sentinel, sentinelCommandTimeout: timeoutMs };
  return new OneServer({
    connect: (own) => connect({ ...own, ...where, ...options }),
    address,
    watch: new SentinelWatch({ sentinels: servers, options: sentinel, timeoutMs }),
  });
}

interface ClientSettings {
  /** Seen in CLIENT LIST. */
  name: string;
  /** Ms to wait for an answer. A command that cannot be sent fails at once. */
  timeoutMs: number;
}

/**
 * A client of Redis alone, behind Sentinels or as a Cluster, for work that may fail, such as counting. It reconnects by
 * itself, and logs nothing.
 */
export function openClient(url: string, { name, timeoutMs }: ClientSettings): Redis | Cluster {
  const { servers, sentinel, cluster, options } = parseRedisUrl(url);
  const common: RedisConnectionOptions = {
    connectionName: `psyche-events:${name}`,
    commandTimeout: timeoutMs,
    connectTimeout: 2 * timeoutMs,
    socketTimeout: 4 * timeoutMs,
    maxRetriesPerRequest: 0,
    ...options,
  };
  const where = sentinel ? { sentinels: [...servers], ...sentinel } : { ...servers[0] };
  const client = cluster
    ? new Cluster([...servers], {
        redisOptions: common,
        enableOfflineQueue: false,
        clusterRetryStrategy: reconnectDelay,
      })
    : new Redis({ ...common, ...where, enableOfflineQueue: false, retryStrategy: reconnectDelay });
  client.on('error', () => {}); // its commands fail too
  return client;
}

import { Redis } from 'ioredis';
import { ClusterTopology } from './cluster-topology.ts';
import { OneServer } from './one-server.ts';
import { parseRedisUrl } from './redis-url.ts';
import { SentinelWatch } from './sentinel-watch.ts';
import type { RedisSource, Topology } from './topology.ts';

/** @throws TypeError when the URL is none; its message names the fix, and no part of the URL */
export function openTopology(source: RedisSource, timeoutMs: number): Topology {
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

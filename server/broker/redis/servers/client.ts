import { Cluster, Redis } from 'ioredis';
import type { ConnectionOptions } from './connection.ts';
import { reconnectDelay } from './reconnect-delay.ts';
import { parseRedisUrl } from './redis-url.ts';

interface ClientSettings {
  /** Seen in CLIENT LIST. */
  name: string;
  /** Time for which an answer is waited for; a command that cannot be sent fails at once. */
  timeoutMs: number;
}

/** A client of Redis of any kind, for what may fail: counting, say. It comes back by itself, and says nothing of it. */
export function openClient(url: string, { name, timeoutMs }: ClientSettings): Redis | Cluster {
  const { servers, sentinel, cluster, options } = parseRedisUrl(url);
  const common: ConnectionOptions = {
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
  client.on('error', () => {}); // what is asked of it fails too
  return client;
}

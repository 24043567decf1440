import { Redis } from 'ioredis';
import { type EventManager, loadConfig, startServer } from '../../../../server/index.ts';
import type { AnyCatalog } from '../../../../shared/catalog.ts';
import type { Place, Served } from './system.ts';

/** Ms after which the runs of a killed server are told to be lost: the shortest that there is. */
export const LEASE_MS = 1000;

/** A server of ours over Redis. @param serveAgents has its manager do the agents' work */
export async function ourServer<C extends AnyCatalog>(
  { redisUrl, prefix, port = 0 }: Place,
  catalog: C,
  serveAgents: (manager: EventManager<C>) => void,
): Promise<Served> {
  const quiet = { simulation: false, logLevel: 'silent' } as const;
  const config = loadConfig({ port, redisUrl, redisPrefix: prefix, drainMs: 0, ...quiet }, {});
  const server = await startServer(config, { catalog });
  serveAgents(server.manager);
  return { url: server.url, [Symbol.asyncDispose]: () => server.close() };
}

/** Takes all records out of a topic's log, which then goes on: as a limit of age does it. */
export async function trimTopic({ redisUrl, prefix }: Place, topic: string): Promise<void> {
  const redis = new Redis(redisUrl);
  await redis.xtrim(`${prefix}:{${topic}}:log`, 'MAXLEN', 0);
  redis.disconnect();
}

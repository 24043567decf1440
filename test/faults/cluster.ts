import { expect } from 'vitest';
import type { Broker } from '../../server/broker/broker.ts';
import { RedisBroker } from '../../server/broker/redis/redis-broker.ts';
import { EventManager } from '../../server/index.ts';
import { DeliveryChecker } from '../../verify/index.ts';
import { startTestServer } from '../client/test-server.ts';
import { Followers } from './followers.ts';
import { Load, type LoadOptions } from './load.ts';

interface ClusterOptions extends LoadOptions {
  redisUrl: string;
  nodes: number;
  clients: number;
  /** Between each node and its broker. */
  wrap?: (broker: Broker) => Broker;
}

/** Nodes on one Redis, clients spread over them, and publishers of a process of their own. */
export async function startCluster({ redisUrl, nodes, clients, wrap = (b) => b, ...load }: ClusterOptions) {
  const servers = await Promise.all(
    Array.from({ length: nodes }, () =>
      startTestServer({
        manager: new EventManager({
          broker: wrap(new RedisBroker({ url: redisUrl }, { maxRecords: 100_000, checkIntervalMs: 500 })),
        }),
      }),
    ),
  );
  const checker = new DeliveryChecker();
  const urls = servers.map(({ wsUrl }) => wsUrl);
  const followers = new Followers(checker, urls, clients);
  await expect.poll(() => followers.areLive, { timeout: 20_000 }).toBe(true);
  const publisher = new RedisBroker({ url: redisUrl }, { maxRecords: 100_000 });
  const publishing = new Load(publisher, checker, load);
  return {
    checker,
    load: publishing,
    /** Waits until every client got something that was published after now. @returns after how many ms */
    async backAgain(): Promise<number> {
      const since = performance.now();
      const before = checker.acknowledged;
      await expect
        .poll(() => checker.acknowledged, { timeout: 20_000, interval: 5 })
        .toBeGreaterThan(before + 20);
      const counts = checker.readers.map(({ delivered }) => delivered);
      await expect
        .poll(() => checker.readers.every(({ delivered }, i) => delivered > (counts[i] ?? 0)), {
          timeout: 20_000,
          interval: 5,
        })
        .toBe(true);
      return performance.now() - since;
    },
    async [Symbol.asyncDispose]() {
      await publishing.stop();
      await followers[Symbol.asyncDispose]();
      await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()));
      await publisher.close();
    },
  };
}

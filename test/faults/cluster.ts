import { setTimeout as sleep } from 'node:timers/promises';
import type { Broker } from '../../server/broker/broker.ts';
import { RedisBroker } from '../../server/broker/redis/redis-broker.ts';
import { EventManager } from '../../server/index.ts';
import type { Load } from '../../verify/index.ts';
import { startTestServer } from '../client/test-server.ts';
import { size } from './chaos.ts';
import { CheckedTopics } from './checked-topics.ts';
import { startFollowers } from './crowd.ts';
import { startLoad } from './load.ts';

interface ClusterOptions extends Load {
  redisUrl: string;
  nodes: number;
  clients: number;
  /** The events are spread over them, and so are the clients. Default 1. */
  topics?: number;
  /** Between each node and its broker. */
  wrap?: (broker: Broker) => Broker;
  /** Between the publishers and theirs. */
  publishThrough?: (broker: Broker) => Broker;
}

/** Ms in which all is well again: longer than any test promises, so that a promise that is broken is told as such. */
const AGAIN_MS = size(60_000, 20_000);

const unchanged = (broker: Broker): Broker => broker;

/** Nodes on one Redis, clients spread over them, and publishers past them. */
export async function startCluster(options: ClusterOptions) {
  const {
    redisUrl,
    nodes,
    clients,
    topics = 1,
    wrap = unchanged,
    publishThrough = unchanged,
    ...pace
  } = options;
  const servers = await Promise.all(
    Array.from({ length: nodes }, () =>
      startTestServer({
        manager: new EventManager({
          broker: wrap(new RedisBroker({ url: redisUrl }, { maxRecords: 100_000, checkIntervalMs: 500 })),
        }),
      }),
    ),
  );
  const checker = new CheckedTopics(topics);
  const urls = servers.map(({ wsUrl }) => wsUrl);
  const followers = await startFollowers(checker, { urls, perTopic: clients / topics });
  const publisher = new RedisBroker({ url: redisUrl }, { maxRecords: 100_000 });
  const load = startLoad(checker, pace, publishThrough(publisher));
  return {
    checker,
    load,
    /** Waits until every client got something that was published after now. @returns after how many ms */
    async backAgain(): Promise<number> {
      const since = performance.now();
      await checker.goOn(1, AGAIN_MS);
      return performance.now() - since;
    },
    /** Waits until all is well, and lets it go on for a while. @returns the events a second meanwhile */
    async undisturbed(): Promise<number> {
      await checker.goOn(1, AGAIN_MS);
      const [before, since] = [checker.acknowledged, performance.now()];
      await sleep(size(50, 1000));
      return ((checker.acknowledged - before) * 1000) / (performance.now() - since);
    },
    async [Symbol.asyncDispose]() {
      await load.stop();
      await followers[Symbol.asyncDispose]();
      await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()));
      await publisher.close();
    },
  };
}

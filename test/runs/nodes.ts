import { randomUUID } from 'node:crypto';
import { inject } from 'vitest';
import { type Broker, EventManager, RedisBroker, type Runs, runs } from '../../server/index.ts';
import { type RunCatalog, type RunManager, runCatalog, topic } from './world.ts';

/** A node's manager on Redis, and its runs. */
export interface RunNode {
  readonly manager: RunManager;
  readonly of: Runs<RunCatalog>;
}

/** Options of {@link runNodes}. */
export interface NodesOptions {
  /** Ms of the lease of runs. Default: theirs. */
  leaseMs?: number | undefined;
  /** Ms after which a node's call to Redis has failed. Default 20 s: a busy machine is no outage. */
  timeoutMs?: number | undefined;
  /** Takes a protection from each node's broker, for a control. Default: it has all. */
  without?: ((broker: Broker) => Broker) | undefined;
}

/** Nodes of one deployment, on the Redis of all tests under a prefix of its own. */
export function runNodes({ leaseMs, timeoutMs = 20_000, without = (broker) => broker }: NodesOptions = {}) {
  const prefix = `runs-${randomUUID()}`;
  const redisUrl = inject('redisUrl');
  const started: RunNode[] = [];
  return {
    prefix,
    redisUrl,
    /** @param url of Redis, as this node reaches it */
    node(url = redisUrl): RunNode {
      const manager = new EventManager({
        broker: without(new RedisBroker({ url }, { prefix, timeoutMs })),
        catalog: runCatalog,
      });
      const node = { manager, of: runs(manager, { topic, leaseMs }) };
      started.push(node);
      return node;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(started.map(({ manager }) => manager.close()));
    },
  };
}

import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { inject, onTestFinished } from 'vitest';
import { RedisBroker } from '../../server/broker/redis/redis-broker.ts';
import { openTopology } from '../../server/broker/redis/servers/open-topology.ts';
import { RedisServers } from '../../server/broker/redis/servers/servers.ts';
import { EventManager } from '../../server/index.ts';
import { Ingress, type IngressTarget } from '../../server/ingress/ingress.ts';
import { IngressStream } from '../../server/ingress/ingress-stream.ts';
import { silentLogger } from '../../server/telemetry/logger.ts';
import { agentMessage } from '../support/events.ts';

/** Long enough for a busy machine. */
export const WAIT = { timeout: 20_000 };

export interface WorkerOptions {
  stream?: typeof IngressStream;
  by?: string;
  /** Default 1. */
  claimAfterMs?: number;
  /** Between the worker and the manager. */
  wrap?: (manager: IngressTarget) => IngressTarget;
}

/** A log and an ingress stream of a test's own, and a producer that knows nothing of this project. */
export function setUp(url = inject('redisUrl')) {
  const prefix = `ingress-${randomUUID()}`;
  const producer = new Redis(url);
  producer.on('error', () => {});
  const broker = new RedisBroker({ url }, { prefix });
  const manager = new EventManager({ broker });
  const settings = { timeoutMs: 2_000, logger: silentLogger };
  const connections = ['reading', 'commands'].map(
    (name) => new RedisServers(openTopology({ url }, settings.timeoutMs), { ...settings, name }),
  );
  const workers: Ingress[] = [];
  onTestFinished(async () => {
    await Promise.all(workers.map((worker) => worker.close()));
    await Promise.all(connections.map((connection) => connection.close()));
    await manager.close();
    producer.disconnect();
  });
  const key = `${prefix}:ingress`;
  return {
    producer,
    manager,
    prefix,
    key,
    /** Adds an entry, as any program could. */
    add: (fields: Record<string, string>) => producer.xadd(key, '*', ...Object.entries(fields).flat()),
    work({ stream = IngressStream, wrap = (it) => it, by, claimAfterMs = 1 }: WorkerOptions = {}): Ingress {
      const [reading, commands] = connections as [RedisServers, RedisServers];
      const ingress = new Ingress({
        stream: new stream({ reading, commands, prefix, consumer: randomUUID(), claimAfterMs }),
        manager: wrap(manager),
        broker,
        logger: silentLogger,
        by,
      });
      workers.push(ingress);
      return ingress;
    },
    messages: async (topic?: string) =>
      (await manager.history({ topic, limit: 1000 })).items.map(({ event }) =>
        event.event_type === 'agent_message' ? event.data.message : event.event_type,
      ),
    events: async () => (await manager.history()).items.map(({ event }) => event),
    dead: async () => (await producer.xrange(`${key}:dead`, '-', '+')).map(([, fields]) => toRecord(fields)),
    /** Tells if nothing is left to do. */
    isEmpty: async () =>
      (await producer.xlen(key)) === 0 &&
      ((await producer.xpending(key, 'psyche-events').catch(() => [0])) as number[])[0] === 0,
  };
}

function toRecord(pairs: readonly string[]): Record<string, string> {
  const entries = pairs.flatMap((name, at) => (at % 2 === 0 ? [[name, pairs[at + 1] ?? '']] : []));
  return Object.fromEntries(entries);
}

export const message = (text: string | number) => ({
  event_type: 'agent_message',
  data: JSON.stringify(agentMessage(text)),
});

import { randomUUID } from 'node:crypto';
import type { Broker } from '../broker/broker.ts';
import { openTopology, type RedisSource } from '../broker/redis/servers/open-topology.ts';
import { RedisServers } from '../broker/redis/servers/servers.ts';
import type { Logger } from '../telemetry/logger.ts';
import { Ingress, type IngressCounts, type IngressTarget } from './ingress.ts';
import { IngressStream } from './ingress-stream.ts';

const TIMEOUT_MS = 2_000;
/** Ms after which a pending entry counts as abandoned: far longer than any entry takes. */
const CLAIM_AFTER_MS = 15_000;

export interface OpenIngressOptions {
  source: RedisSource;
  /** Prefix of keys; the stream is `<prefix>:ingress`. */
  prefix: string;
  manager: IngressTarget;
  broker: Broker;
  logger: Logger;
  /** Publisher of the entries, in the events' `by`: an entry cannot say it. Default: nobody is named. */
  by?: string | undefined;
  /** Default 15 000. */
  claimAfterMs?: number;
}

/** A running ingress. */
export interface OpenIngress {
  readonly counts: Readonly<IngressCounts>;
  close(): Promise<void>;
}

/** Starts to move the entries that foreign producers add to `<prefix>:ingress` into the log; see {@link Ingress}. */
export function openIngress({
  source,
  prefix,
  manager,
  broker,
  logger,
  by,
  ...options
}: OpenIngressOptions): OpenIngress {
  const settings = { timeoutMs: TIMEOUT_MS, logger };
  const topology = openTopology(source, TIMEOUT_MS);
  const reading = new RedisServers(topology, { ...settings, name: 'ingress' });
  const commands = new RedisServers(topology, { ...settings, name: 'ingress-commands' });
  const { claimAfterMs = CLAIM_AFTER_MS } = options;
  const stream = new IngressStream({ reading, commands, prefix, consumer: randomUUID(), claimAfterMs });
  const ingress = new Ingress({ stream, manager, broker, logger, by });
  return {
    counts: ingress.counts,
    async close() {
      await ingress.close();
      await Promise.all([reading.close(), commands.close()]);
      topology.close();
    },
  };
}

import { randomUUID } from 'node:crypto';
import { type ChainableCommander, Redis } from 'ioredis';
import { topicKeys, typeKey } from '../../../server/broker/redis/log/keys.ts';
import { RedisBroker } from '../../../server/broker/redis/redis-broker.ts';
import { completeRetention } from '../../../server/broker/retention/retention.ts';
import { writeTopicOfFormat1 } from '../../versions/format-1.ts';
import type { Kept } from '../reference/kept.ts';
import { ALIKE, type Backend, OTHER_TOPIC, retentionOf, TOPIC } from './backend.ts';
import { passTime } from './redis-time.ts';

/** Addresses of the servers that have the topics, and the index of topics. */
export interface Addresses {
  readonly topics: string;
  readonly index: string;
}

/**
 * Each node has connections of its own; the log is lost under them.
 * @param at Default: all is at `url`
 */
export async function redisBackend(
  url: string,
  kept: Kept = ALIKE,
  at: Addresses = { topics: url, index: url },
): Promise<Backend> {
  const retention = retentionOf(kept);
  const prefix = `model-${randomUUID()}`;
  const admin = new Redis(at.topics);
  const index = at.index === at.topics ? admin : new Redis(at.index);
  const { log, meta, erased, ids, olderIds } = topicKeys(prefix, TOPIC);
  const { rules } = completeRetention('model', retention);
  const keys = [log, meta, erased, ids, olderIds, ...rules.map(({ type }) => typeKey(prefix, TOPIC, type))];
  const others = topicKeys(prefix, OTHER_TOPIC);
  let losses = 0;
  /**
   * Loses the logs, and with every second loss all else that is there of their topics. A topic goes in one step: a server
   * that loses its data has no moment with a part of it.
   */
  const lose = async (all = losses++ % 2 === 1) => {
    const found: string[] = [];
    if (all)
      for await (const some of admin.scanStream({ match: `${prefix}:*`, count: 1000 })) found.push(...some);
    const of = (topic: string) => found.filter((key) => key.startsWith(`${prefix}:{${topic}}:`));
    await admin.unlink(...keys, ...of(TOPIC));
    await admin.unlink(others.log, others.meta, ...of(OTHER_TOPIC));
    // The index, whose keys have slots of their own.
    for (const key of found.filter((each) => !each.startsWith(`${prefix}:{`))) await admin.unlink(key);
  };
  /** Puts something in the log's place in one step: whoever found nothing there would begin a log. */
  const replace = async (write: (all: ChainableCommander) => void) => {
    const all = admin.multi().del(...keys);
    write(all);
    await all.exec();
  };
  let copies: { key: string; dump: Buffer | null }[] = [];
  return {
    kept,
    broker: () => new RedisBroker({ url }, { ...retention, prefix, checkIntervalMs: 20, timeoutMs: 10_000 }),
    replica: {
      async copy() {
        copies = await Promise.all(keys.map(async (key) => ({ key, dump: await admin.dumpBuffer(key) })));
      },
      promote: () =>
        replace((all) => {
          for (const { key, dump } of copies) if (dump) all.restore(key, 0, dump);
        }),
    },
    losesInPlace: true,
    async restart() {},
    lose,
    passTime: (ms) => passTime({ topics: admin, index }, prefix, [TOPIC, OTHER_TOPIC], ms),
    inherit: (entries) => replace((all) => writeTopicOfFormat1(all, prefix, TOPIC, entries)),
    async [Symbol.asyncDispose]() {
      await lose(true);
      for (const each of new Set([admin, index])) each.disconnect();
    },
  };
}

import { randomUUID } from 'node:crypto';
import { type ChainableCommander, Redis } from 'ioredis';
import { topicKeys, typeKey } from '../../../server/broker/redis/log/keys.ts';
import { RedisBroker } from '../../../server/broker/redis/redis-broker.ts';
import { completeRetention } from '../../../server/broker/retention/retention.ts';
import { writeTopicOfFormat1 } from '../../versions/format-1.ts';
import type { Kept } from '../reference/kept.ts';
import { ALIKE, type Backend, retentionOf, TOPIC } from './backend.ts';

/**
 * Each node has connections of its own; the log is lost under them.
 * @param master the server that has the log. Default: that of `url`
 */
export async function redisBackend(url: string, kept: Kept = ALIKE, master = url): Promise<Backend> {
  const retention = retentionOf(kept);
  const prefix = `model-${randomUUID()}`;
  const admin = new Redis(master);
  const { log, meta, erased, ids, olderIds } = topicKeys(prefix, TOPIC);
  const { rules } = completeRetention('model', retention);
  const keys = [log, meta, erased, ids, olderIds, ...rules.map(({ type }) => typeKey(prefix, TOPIC, type))];
  const lose = async () => {
    await admin.del(...keys);
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
    broker: () => new RedisBroker({ url }, { ...retention, prefix, checkIntervalMs: 20 }),
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
    inherit: (entries) => replace((all) => writeTopicOfFormat1(all, prefix, TOPIC, entries)),
    async [Symbol.asyncDispose]() {
      await lose();
      admin.disconnect();
    },
  };
}

import { randomUUID } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { Redis } from 'ioredis';
import type { Broker } from '../../server/broker/broker.ts';
import { MemoryBroker } from '../../server/broker/memory-broker.ts';
import { topicKeys, typeKey } from '../../server/broker/redis/log/keys.ts';
import { RedisBroker } from '../../server/broker/redis/redis-broker.ts';
import { completeRetention, type Retention } from '../../server/broker/retention/retention.ts';
import { DiskFixture } from '../broker-disk/fixtures.ts';
import type { Kept } from './wanted.ts';

export const TOPIC = 'default';
/** Limits of a log, unless a test says otherwise. */
const ALIKE: Kept = { maxRecords: 20 };
export const BY_TYPE: Kept = { maxRecords: 12, statuses: 3 };

function retentionOf({ maxRecords, statuses }: Kept): Retention {
  return {
    maxRecords,
    ...(statuses !== undefined && { retention: { system_status: { records: statuses } } }),
  };
}

/** A log that nodes share, that restarts, and that can be lost. */
export interface Backend extends AsyncDisposable {
  readonly kept: Kept;
  /** A broker for one node; the node closes it. */
  broker(): Broker;
  /** Called while no node runs. */
  restart(): Promise<void>;
  lose(): Promise<void>;
  /** Sets what a replica has, from now on; null where a log has none. Like the two above. */
  readonly replica: { copy(): Promise<void>; promote(): Promise<void> } | null;
  /** True if `lose` and `replica` may be used while nodes run: they have to find out. */
  readonly losesInPlace: boolean;
}

/** @param wrap stands between the broker and the nodes */
export async function memoryBackend(
  wrap = (broker: Broker): Broker => broker,
  kept: Kept = ALIKE,
): Promise<Backend> {
  const retention = retentionOf(kept);
  let broker = new MemoryBroker(retention);
  return {
    kept,
    broker: () => lend(wrap(broker)),
    replica: null,
    losesInPlace: false,
    async restart() {},
    async lose() {
      broker = new MemoryBroker(retention);
    },
    [Symbol.asyncDispose]: () => broker.close(),
  };
}

export async function sqliteBackend(kept: Kept = ALIKE): Promise<Backend> {
  const disk = new DiskFixture();
  const open = () => disk.open({ ...retentionOf(kept), durability: 'relaxed' });
  let broker = await open();
  const restart = async (between = async () => {}) => {
    await broker.close();
    await between();
    broker = await open();
  };
  const remove = async (...suffixes: string[]) => {
    for (const suffix of suffixes) await rm(`${disk.path}${suffix}`, { force: true });
  };
  let copy: Buffer | undefined;
  return {
    kept,
    broker: () => lend(broker),
    replica: {
      copy: () =>
        restart(async () => {
          copy = await readFile(disk.path);
        }),
      promote: () =>
        restart(async () => {
          await remove('-wal', '-shm');
          await writeFile(disk.path, copy ?? '');
        }),
    },
    losesInPlace: false,
    restart: () => restart(),
    lose: () => restart(() => remove('', '-wal', '-mark', '-count', '-shm')),
    [Symbol.asyncDispose]: () => disk[Symbol.asyncDispose](),
  };
}

/** Each node has connections of its own; the log is lost under them. */
export async function redisBackend(url: string, kept: Kept = ALIKE): Promise<Backend> {
  const retention = retentionOf(kept);
  const prefix = `model-${randomUUID()}`;
  const admin = new Redis(url);
  const { log, meta, erased, ids, olderIds } = topicKeys(prefix, TOPIC);
  const { rules } = completeRetention('model', retention);
  const keys = [log, meta, erased, ids, olderIds, ...rules.map(({ type }) => typeKey(prefix, TOPIC, type))];
  const lose = async () => {
    await admin.del(...keys);
  };
  let copies: { key: string; dump: Buffer | null }[] = [];
  return {
    kept,
    broker: () => new RedisBroker({ url }, { ...retention, prefix, checkIntervalMs: 20 }),
    replica: {
      async copy() {
        copies = await Promise.all(keys.map(async (key) => ({ key, dump: await admin.dumpBuffer(key) })));
      },
      async promote() {
        const all = admin.multi().del(...keys);
        for (const { key, dump } of copies) if (dump) all.restore(key, 0, dump);
        await all.exec();
      },
    },
    losesInPlace: true,
    async restart() {},
    lose,
    async [Symbol.asyncDispose]() {
      await lose();
      admin.disconnect();
    },
  };
}

/** A broker that survives those who use it. */
function lend(broker: Broker): Broker {
  return {
    publish: (topic, entries) => broker.publish(topic, entries),
    erase: (topic, epoch, seqs, notices) => broker.erase(topic, epoch, seqs, notices),
    read: (topic, after, limit) => broker.read(topic, after, limit),
    bounds: (topic) => broker.bounds(topic),
    seek: (topic, at) => broker.seek(topic, at),
    topics: (sink) => broker.topics(sink),
    tail: (topic, sink) => broker.tail(topic, sink),
    async close() {},
  };
}

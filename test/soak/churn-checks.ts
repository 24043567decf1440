import { Redis } from 'ioredis';
import { expect } from 'vitest';
import { startRedis } from '../setup/redis-server.ts';
import { atMostOne, type ChurnResult, churn, moreHandles, rise } from './churn.ts';

const MIB = 1024 * 1024;
/** Topics expire after so long. */
const RETENTION_MS = 2_000;

/** Runs the churn on a Redis of its own, and checks that nothing is left of it. @returns its figures */
export async function checkChurn(options: { seconds: number; clients: number; publishers: number }) {
  await using redis = await startRedis();
  const { url } = redis;
  const result = await churn({ ...options, redisUrl: url, retentionMaxAgeMs: RETENTION_MS, leaks: false });
  const { empty, left, connects, events } = result;
  // It was a churn.
  expect(connects).toBeGreaterThan(options.clients);
  expect(events).toBeGreaterThan(0);
  expect(left).toMatchObject({ connections: 0, subscribers: 0, topics: 0 });
  for (const { kind, more } of moreHandles(empty, left))
    expect({ kind, more }).toEqual({ kind, more: expect.toSatisfy(atMostOne) });
  await expectEmptyRedis(url);
  return figures(result);
}

/** Growth of the heap while clients came and went, with the verdict, for readers. */
export function figures({ empty, samples, left, connects, events }: ChurnResult) {
  const mib = (bytes: number): number => Math.round((bytes / MIB) * 10) / 10;
  const heap = samples.map(({ heapBytes }) => heapBytes);
  const resident = samples.map(({ residentBytes }) => residentBytes);
  const total = (handles: Record<string, number>): number =>
    Object.values(handles).reduce((a, b) => a + b, 0);
  return {
    connects,
    events,
    heapMiB: {
      empty: mib(empty.heapBytes),
      first: mib(heap[0] ?? 0),
      last: mib(heap.at(-1) ?? 0),
      left: mib(left.heapBytes),
    },
    heapRiseMiB: mib(rise(heap)),
    residentMiB: {
      first: mib(resident[0] ?? 0),
      last: mib(resident.at(-1) ?? 0),
      left: mib(left.residentBytes),
    },
    residentRiseMiB: mib(rise(resident)),
    handles: { empty: total(empty.handles), left: total(left.handles) },
  };
}

/** Nobody subscribes; no topic has events any more; what is remembered of topics has an end. */
async function expectEmptyRedis(url: string): Promise<void> {
  const redis = new Redis(url);
  try {
    const wait = { timeout: 15_000, interval: 100 };
    await expect.poll(() => redis.pubsub('CHANNELS'), wait).toEqual([]);
    await expect.poll(() => redis.keys('*:log'), wait).toEqual([]);
    const keys = await redis.keys('*');
    const lives = await Promise.all(keys.map(async (key) => [key, await redis.pttl(key)] as const));
    // -1 is for ever; -2 is gone since it was listed. One key stays: the schemas of the catalog, whoever comes and goes.
    const stay = lives.filter(([, ms]) => ms === -1).map(([key]) => key);
    expect(stay.filter((key) => key !== 'psyche:{*}:schemas')).toEqual([]);
  } finally {
    redis.disconnect();
  }
}

import { expect } from 'vitest';
import type { Broker } from '../../../server/broker/broker.ts';
import { openOf } from '../../broker/open/open-events.ts';
import { admin } from '../../broker/redis/redis-admin.ts';

/** Ms after the end of its lease by which an event is settled [O8]. */
const LATEST_MS = 5000;

/** Times of what is open in some topics, by Redis's clock. */
interface Leases {
  open: number;
  /** Events whose lease has been over for longer than {@link LATEST_MS}. */
  ghosts: number;
}

/** Counts what is open, and what should not be any more. */
export async function leasesIn(
  redis: { url: string },
  broker: Broker,
  topics: readonly string[],
): Promise<Leases> {
  const sets = await Promise.all(topics.map((topic) => openOf(broker).read(topic)));
  // Asked for later: an event is not taken for older than it is by more than this takes.
  const [seconds = 0] = await admin(redis, (say) => say.time());
  const events = sets.flatMap((set) => set.events);
  const ghosts = events.filter(({ until }) => until + LATEST_MS < seconds * 1000);
  return { open: events.length, ghosts: ghosts.length };
}

/** Waits until nothing is open, or something is open that should not be. @returns the number of the latter */
export async function ghostsLeft(
  redis: { url: string },
  broker: Broker,
  topics: readonly string[],
): Promise<number> {
  let leases: Leases | undefined;
  const isOver = async () => {
    leases = await leasesIn(redis, broker, topics);
    return leases.open === 0 || leases.ghosts > 0;
  };
  await expect.poll(isOver, { timeout: 120_000, interval: 100 }).toBe(true);
  return leases?.ghosts ?? 0;
}

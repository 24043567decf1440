import { setTimeout as sleep } from 'node:timers/promises';
import type { ContenderName } from '../contenders/registry.ts';
import { faultsOf, setStage, settled } from '../stage.ts';

const READERS = 5;
/** More than the system keeps for a connection: 33 MB at each of two ends, and a little, on Linux. */
const EVENTS = 3000;
const CHARS = 50_000;

/** Some clients read nothing while 150 MB are published to each; then they read again. */
export async function slowReaders(contender: ContenderName) {
  const alone = await grown(contender, 0);
  const { growth, ...result } = await grown(contender, READERS);
  return { ...result, megabytesPerReader: Math.round((growth - alone.growth) / READERS / 1e5) / 10 };
}

async function grown(contender: ContenderName, readers: number) {
  await using stage = await setStage({ contender });
  const followers = await Promise.all(Array.from({ length: readers }, () => stage.follow()));
  const before = await stage.server.residentBytes();
  stage.line.blackhole();
  await stage.server.publish({ from: 0, count: EVENTS, chars: CHARS, everyMs: 1 });
  await sleep(500);
  const growth = (await stage.server.residentBytes()) - before;
  stage.line.pass();
  await Promise.all(followers.map((follower) => settled(follower, EVENTS)));
  const faults = followers.map((follower) => faultsOf(follower, EVENTS));
  return {
    growth,
    publishedMegabytes: (EVENTS * CHARS) / 1e6,
    lost: Math.max(0, ...faults.map(({ lost }) => lost)),
    repeated: Math.max(0, ...faults.map(({ repeated }) => repeated)),
    told: [...new Set(followers.flatMap(({ told }) => told))],
  };
}

import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Broker } from '../../../server/broker/broker.ts';
import { RedisBroker } from '../../../server/broker/redis/redis-broker.ts';
import { openOf } from '../../broker/open/open-events.ts';
import { startRedis } from '../../setup/redis-server.ts';
import { startBalancer } from '../balancer.ts';
import { rounds, size, tell } from '../chaos.ts';
import { ghostsLeft, leasesIn } from './ghosts.ts';
import type { NodeProcessOptions } from './node-process.ts';
import { startOpenNode } from './nodes.ts';
import { reportOn, SOUND, untilLevel } from './open-report.ts';
import { startWatchers } from './watchers.ts';
import { startWriterChild, type WriterChild } from './writer-child.ts';
import { textOf } from './writers.ts';

const ROW = '20 nodes killed, events open';
const NODES = 3;
/** 100 events of 20 appends a second each in the long form, in the hands of four processes. */
const CHILDREN = size(2, 4);
const PACE = {
  writers: size(4, 25),
  perClient: size(1, 5), // connections go to nodes in turns: each has some owners
  perSecond: size(10, 20),
  pieces: size(10, 60),
};
const TOPICS = Array.from({ length: size(2, 10) }, (_, n) => `run-${n}`);
const WAIT_MS = size(30_000, 120_000);

/** Owners that are killed are followed by others of their run, which go on; of every second run what they left is nobody's. */
const hasSuccessor = (run: number) => run % 2 === 0;
const leaseOf = (run: number) => (hasSuccessor(run) ? 60_000 : size(3000, 15_000));

interface Kills {
  strikes: number;
  /** A protection that nodes lack: all of them the sweep, the first the atomicity. */
  without?: NodeProcessOptions['without'];
}

/** Nodes on one Redis are killed and started again, one after another, and with every third a process of owners. */
async function killNodes({ strikes, without }: Kills) {
  await using redis = await startRedis();
  const start = (index: number, lacks = without) =>
    startOpenNode({ redisUrl: redis.url, without: index === 0 || lacks === 'sweep' ? lacks : undefined });
  const nodes = await Promise.all(Array.from({ length: NODES }, (_, index) => start(index)));
  await using balancer = await startBalancer(() => nodes.map(({ port }) => port));
  const urls = [balancer.url];
  const broker = new RedisBroker({ url: redis.url }, { maxRecords: 100_000 });
  const children: WriterChild[] = [];
  let runs = 0;
  const startWriters = (run = runs++) => {
    const leaseMs = without === undefined ? leaseOf(run) : 1000;
    const child = startWriterChild({ ...PACE, leaseMs, urls, topics: TOPICS, run: `run-${run}` });
    children.push(child);
    return { child, run };
  };
  const replace = async ({ child, run }: ReturnType<typeof startWriters>) => {
    await expect.poll(() => isMidway(broker, run), { timeout: WAIT_MS, interval: 5 }).toBe(true);
    await child.kill();
    return without === undefined && hasSuccessor(run) ? startWriters(run) : startWriters();
  };
  try {
    await using watchers = await startWatchers(TOPICS, { urls, perTopic: 2 });
    const began = performance.now();
    const writing = Array.from({ length: CHILDREN }, () => startWriters());
    let ghosts = 0;
    for (let round = 0; round < strikes; round++) {
      await watchers.goOn(1, WAIT_MS);
      const next = sleep(size(0, 5000));
      const index = round % NODES;
      const node = nodes[index];
      await (without === 'atomicity' ? node?.ended : node?.kill());
      const restarted = start(index, without === 'sweep' ? without : undefined);
      const [owners] = round % size(1, 3) === 0 ? writing.splice(0, 1) : [];
      if (owners) writing.push(await replace(owners));
      nodes[index] = await restarted;
      await watchers.goOn(1, WAIT_MS);
      ghosts += (await leasesIn(redis, broker, TOPICS)).ghosts;
      await next;
    }
    await Promise.all(writing.map(({ child }) => child.stop()));
    const pieces = children.reduce((sum, child) => sum + child.pieces, 0);
    const perSecond = Math.round((pieces * 1000) / (performance.now() - began));
    ghosts += await ghostsLeft(redis, broker, TOPICS);
    if (without === undefined) await untilLevel(broker, watchers.all, { timeout: WAIT_MS });
    const told = children.flatMap((child) => child.told);
    const report = await reportOn(broker, TOPICS, { watchers: watchers.all, told });
    const resumed = children.reduce((sum, child) => sum + child.resumed, 0);
    return { ...report, ghosts, perSecond, resumed, errors: children.flatMap((child) => child.errors) };
  } finally {
    await Promise.all(children.map((child) => child.kill()));
    await broker.close();
    await Promise.all(nodes.map((node) => node.kill()));
  }
}

/** Tells if an event of a run has some of its text, and lacks most of it. */
async function isMidway(broker: Broker, run: number): Promise<boolean> {
  const sets = await Promise.all(TOPICS.map((topic) => openOf(broker).read(topic)));
  const those = sets
    .flatMap(({ events }) => events)
    .filter(({ entry }) => entry.json.includes(`"run-${run}-`));
  return those.some(({ grows }) => grows?.text === textOf(1) || grows?.text === textOf(2));
}

describe('nodes killed while events are open', { timeout: size(240_000, 600_000) }, () => {
  test('[O1] [O8] each event is settled once, everybody has its text, and no ghost is left', async () => {
    const { errors, ...report } = await killNodes({ strikes: rounds(2, 12) });
    tell(ROW, report);
    expect(report).toMatchObject({ ...SOUND, gaps: 0, ghosts: 0 });
    expect(errors).toEqual([]);
    expect(report.done).toBeGreaterThan(0);
    expect(report.aborted).toBeGreaterThan(0); // what killed owners left
    expect(report.resumed).toBeGreaterThan(0);
    expect(report.done + report.aborted).toBe(report.events);
  });

  test('control: events of a dead owner stay open where nobody looks at leases', async () => {
    const { ghosts, neverSettled } = await killNodes({ strikes: 1, without: 'sweep' });
    tell(ROW, { control: `${ghosts} ghosts` });
    expect(ghosts).toBeGreaterThan(0);
    expect(neverSettled).toBeGreaterThan(0);
  });

  test('control: an event is settled twice where a node settles in two steps, and dies between', async () => {
    const { settledTwice } = await killNodes({ strikes: 1, without: 'atomicity' });
    tell(ROW, { secondControl: `${settledTwice} settled twice` });
    expect(settledTwice).toBeGreaterThan(0);
  });
});

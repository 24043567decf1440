import { randomUUID } from 'node:crypto';
import { describe, expect, inject, test } from 'vitest';
import { RedisBroker } from '../../server/broker/redis/redis-broker.ts';
import { startBalancer } from './balancer.ts';
import { isLong, size, tell } from './chaos.ts';
import { CheckedTopics } from './checked-topics.ts';
import { startFollowers } from './crowd.ts';
import { startLoad } from './load.ts';
import { startNode } from './node.ts';

/** 2,000 clients and 500 events a second in the long form: each event goes to the twenty clients of its topic. */
const TOPICS = size(3, 100);
const OURS = size(6, 15);
const STOCK = size(2, 5);
const PER_SECOND = size(60, 500);
const NODES = 3;
const DRAIN_MS = size(500, 10_000);
const WAIT_MS = size(20_000, 120_000);
/** Ms that a rolling restart may take a node. */
const BAR_MS = 30_000;

/** Restarts all nodes, one after another, under load. */
async function restartAll({ drains, resumes }: { drains: boolean; resumes: boolean }) {
  const prefix = `rolling-${randomUUID()}`;
  const redisUrl = inject('redisUrl');
  const start = () => startNode({ redisUrl, redisPrefix: prefix, drainMs: drains ? DRAIN_MS : 0 });
  const nodes = await Promise.all(Array.from({ length: NODES }, start));
  // It knows nothing of readiness: a third of those who move come to the node that they are to leave, and try again.
  await using balancer = await startBalancer(() => nodes.map(({ port }) => port));
  const topics = new CheckedTopics(TOPICS);
  const urls = [balancer.url];
  const stock = resumes ? STOCK : 0; // they always do
  await using _ours = await startFollowers(topics, { urls, perTopic: OURS, resumes, processes: 3 });
  await using _stock = await startFollowers(topics, { urls, perTopic: stock, stock: true, processes: 1 });
  const broker = new RedisBroker({ url: redisUrl }, { prefix });
  const load = startLoad(topics, { publishers: TOPICS, perSecond: PER_SECOND }, broker);
  const began = performance.now();
  let [perSecond, longestMs] = [0, 0];
  try {
    await topics.goOn(1, WAIT_MS);
    for (const [index, node] of nodes.entries()) {
      const since = performance.now();
      await node.stop();
      longestMs = Math.max(longestMs, performance.now() - since);
      nodes[index] = await start();
      if (isLong) await topics.goOn(1, WAIT_MS); // in the short form the next one stops while some are on their way
    }
    await topics.goOn(3, WAIT_MS); // those who do not resume must be back to get the last ones
    await load.stop();
    perSecond = topics.perSecondSince(began);
    await expect.poll(() => topics.isLevel, { timeout: WAIT_MS }).toBe(true);
  } finally {
    await load.stop();
    await Promise.all(nodes.map((node) => node[Symbol.asyncDispose]()));
    await broker.close();
  }
  return { report: topics.report(), perSecond, longestMs: Math.round(longestMs) };
}

describe('a rolling restart of three nodes under load', { timeout: size(60_000, 600_000) }, () => {
  test('loses nothing, duplicates nothing, and takes up to half a minute per node', async () => {
    const { report, perSecond, longestMs } = await restartAll({ drains: true, resumes: true });
    tell('8 rolling restart', { ...report, perSecond, longestMs });
    expect(report).toMatchObject({ silent: 0, announced: 0, duplicated: 0, reordered: 0, gaps: 0 });
    expect(report.delivered).toBe(report.acknowledged * (OURS + STOCK));
    expect(longestMs).toBeLessThan(BAR_MS);
  });

  test('control: loses the events published meanwhile for clients that do not resume, without the drain', async () => {
    const { report } = await restartAll({ drains: false, resumes: false });
    tell('8 rolling restart', { control: `${report.silent} lost` });
    expect(report.silent).toBeGreaterThan(0);
  });
});

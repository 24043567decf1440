import { describe, expect, test } from 'vitest';
import { createClient } from '../../../client/index.ts';
import { RedisBroker } from '../../../server/broker/redis/redis-broker.ts';
import { openCatalog as catalog } from '../../open/catalog.ts';
import { startRedis } from '../../setup/redis-server.ts';
import { startBalancer } from '../balancer.ts';
import { isLong, size, tell } from '../chaos.ts';
import { ghostsLeft } from './ghosts.ts';
import { startOpenNode } from './nodes.ts';
import { reportOn, SOUND, untilLevel } from './open-report.ts';
import { startWatchers } from './watchers.ts';
import { startWriterChild } from './writer-child.ts';

const ROW = '22 rolling restart, events open';
const TOPICS = Array.from({ length: size(2, 10) }, (_, n) => `run-${n}`);
const PACE = { writers: size(6, 50), perClient: 2, perSecond: size(10, 20), pieces: size(10, 60) };
const QUESTIONS = size(4, 40);
const DRAIN_MS = size(500, 10_000);
const WAIT_MS = size(30_000, 120_000);

/** Restarts all nodes, one after another, while events grow and questions wait. @param moves false: owners stay at the node that they began at */
async function restartAll({ moves }: { moves: boolean }) {
  await using redis = await startRedis();
  const start = () => startOpenNode({ redisUrl: redis.url, drainMs: DRAIN_MS });
  const nodes = await Promise.all([start(), start(), start()]);
  const ports = () => nodes.map(({ port }) => port);
  await using balancer = await startBalancer(ports);
  await using others = await startBalancer(() => ports().slice(0, -1));
  const urls = moves ? [balancer.url] : nodes.map(({ url }) => url);
  const broker = new RedisBroker({ url: redis.url }, { maxRecords: 100_000 });
  const asker = createClient({ url: moves ? others.url : (urls[0] ?? ''), catalog });
  const leaseMs = moves ? 60_000 : 1000;
  await using writing = startWriterChild({ ...PACE, urls, topics: TOPICS, run: 'run', leaseMs });
  try {
    await using watchers = await startWatchers(TOPICS, { urls: [balancer.url], perTopic: 2 });
    const topicOf = (n: number) => TOPICS[n % TOPICS.length] ?? '';
    const asked = Array.from({ length: QUESTIONS }, (_, n) =>
      asker.ask('approval', { tool: `${n}` }, { topic: topicOf(n), key: `call-${n}` }),
    );
    const answered = Promise.all(asked);
    answered.catch(() => {}); // of an asker that stays nobody waits for it
    await watchers.goOn(1, WAIT_MS);
    await expect.poll(() => questionsIn(watchers.all), { timeout: WAIT_MS }).toBe(QUESTIONS * 2);
    let longestMs = 0;
    const codes: unknown[] = [];
    for (const [index, node] of nodes.entries()) {
      const since = performance.now();
      codes.push(await node.stop());
      longestMs = Math.max(longestMs, performance.now() - since);
      nodes[index] = await start();
      if (isLong && moves) await watchers.goOn(1, WAIT_MS); // in the short form the next one stops while some are on their way
    }
    if (moves) await watchers.goOn(2, WAIT_MS);
    await answerAll(nodes.at(-1)?.url ?? '');
    const answers = moves ? await answered : [];
    if (moves) {
      await writing.stop();
      await untilLevel(broker, watchers.all, { timeout: WAIT_MS });
    }
    const ghosts = await ghostsLeft(redis, broker, TOPICS);
    const report = await reportOn(broker, TOPICS, { watchers: watchers.all, told: writing.told });
    return { ...report, ghosts, longestMs: Math.round(longestMs), answers, codes, errors: writing.errors };
  } finally {
    await writing.kill();
    await asker.close();
    await broker.close();
    await Promise.all(nodes.map((node) => node.kill()));
  }
}

function questionsIn(watchers: readonly { views: ReadonlyMap<string, unknown> }[]): number {
  const ids = watchers.flatMap(({ views }) => [...views.keys()]);
  return ids.filter((id) => id.startsWith('approval')).length;
}

/** Allows every other tool, through one node. */
async function answerAll(url: string): Promise<void> {
  const client = createClient({ url, catalog });
  for (const topic of TOPICS) {
    const { items } = await client.open({ topic, types: ['approval'] });
    for (const { event } of items) {
      const { open, data } = event;
      await client.answer('approval', open?.id ?? '', { allow: Number(data.tool) % 2 === 0 }, { topic });
    }
  }
  await client.close();
}

describe('a rolling restart of three nodes while events are open', {
  timeout: size(240_000, 600_000),
}, () => {
  test('[O1] owners go on, nothing is lost or settled twice, and askers are answered through another node', async () => {
    const { answers, codes, errors, ...report } = await restartAll({ moves: true });
    tell(ROW, { ...report, answers: answers.length });
    expect(report).toMatchObject({ ...SOUND, gaps: 0, ghosts: 0, aborted: 0 });
    expect(report.done).toBe(report.events);
    expect(errors).toEqual([]);
    expect(codes).toEqual([0, 0, 0]);
    const wanted = Array.from({ length: QUESTIONS }, (_, n) => ({ allow: n % 2 === 0 }));
    expect(answers.map(({ answer }) => answer)).toEqual(wanted);
  });

  test('control: events of owners who stay at their node are aborted', async () => {
    const { aborted } = await restartAll({ moves: false });
    tell(ROW, { control: `${aborted} aborted` });
    expect(aborted).toBeGreaterThan(0);
  });
});

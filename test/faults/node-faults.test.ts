import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { RedisBroker } from '../../server/broker/redis/redis-broker.ts';
import { Sender } from '../../verify/index.ts';
import { startRedis } from '../setup/redis-server.ts';
import { startBalancer } from './balancer.ts';
import { rounds, size, tell } from './chaos.ts';
import { CheckedTopics } from './checked-topics.ts';
import { startFollowers } from './crowd.ts';
import { startLoad } from './load.ts';
import { startNode } from './node.ts';
import { startServerChild } from './server-child.ts';

/** Each event goes to the clients of its topic. */
const TOPICS = size(2, 20);
const FLAWLESS = { silent: 0, announced: 0, duplicated: 0, reordered: 0, gaps: 0 };
const LEVEL = { timeout: size(20_000, 60_000) };

describe('after a node was killed under load', { timeout: size(60_000, 600_000) }, () => {
  const clients = size(10, 200);

  async function killNodes(resumes: boolean, strikes: number) {
    await using redis = await startRedis();
    const start = () => startServerChild({ adapter: 'ours', config: { redisUrl: redis.url } });
    const nodes = await Promise.all(Array.from({ length: size(2, 3) }, start));
    await using balancer = await startBalancer(() => nodes.map(({ port }) => port));
    const topics = new CheckedTopics(TOPICS);
    const crowd = { urls: [balancer.url], perTopic: clients / TOPICS, resumes };
    await using _ = await startFollowers(topics, crowd);
    const broker = new RedisBroker({ url: redis.url }, { maxRecords: 100_000 });
    const load = startLoad(topics, { publishers: size(4, 20), perSecond: size(200, 1000) }, broker);
    const began = performance.now();
    try {
      for (let round = 0; round < strikes; round++) {
        await topics.goOn(10);
        const index = round % nodes.length;
        nodes[index]?.child.kill('SIGKILL');
        await topics.goOn(10);
        if (round < size(0, strikes)) nodes[index] = await start();
      }
      await load.stop();
      const perSecond = topics.perSecondSince(began);
      await expect.poll(() => topics.isLevel, LEVEL).toBe(true);
      return { ...topics.report(), perSecond };
    } finally {
      await load.stop();
      await broker.close();
      await Promise.all(nodes.map((node) => node[Symbol.asyncDispose]()));
    }
  }

  test('[D12] its clients go on at another node, and nothing is lost or duplicated', async () => {
    const report = await killNodes(true, rounds(1, 20));
    tell('8 a node killed', report);
    expect(report).toMatchObject(FLAWLESS);
    expect(report.delivered).toBe((report.acknowledged * clients) / TOPICS);
  });

  test('control: clients that do not resume lose the events published meanwhile', async () => {
    const { silent } = await killNodes(false, rounds(1, 3));
    tell('8 a node killed', { control: `${silent} lost` });
    expect(silent).toBeGreaterThan(0);
  });
});

describe('after every client’s socket was cut', { timeout: size(60_000, 600_000) }, () => {
  const clients = size(20, 1000);

  async function cutAll(resumes: boolean) {
    await using node = await startNode();
    await using balancer = await startBalancer(() => [node.port]);
    const topics = new CheckedTopics(TOPICS);
    const crowd = { urls: [balancer.url], perTopic: clients / TOPICS, resumes };
    await using _ = await startFollowers(topics, crowd);
    // Past the balancer: they go on while the others are cut.
    const pace = { publishers: size(4, 20), perSecond: size(200, 100) };
    await using sender = new Sender({ urls: [`${node.url}/trpc`], publishers: pace.publishers });
    await using load = startLoad(topics, pace, sender);
    const began = performance.now();
    let backMs = 0;
    for (let round = 0; round < rounds(2, 6); round++) {
      await topics.goOn(5);
      balancer.cut();
      await sleep(size(100, 2000));
      balancer.open();
      const since = performance.now();
      await topics.goOn(1);
      backMs = Math.max(backMs, performance.now() - since);
    }
    await topics.goOn(5);
    await load.stop();
    const perSecond = topics.perSecondSince(began);
    await expect.poll(() => topics.isLevel, LEVEL).toBe(true);
    return { ...topics.report(), perSecond, backMs: Math.round(backMs) };
  }

  test('[D12] every event is delivered, once and in order', async () => {
    const report = await cutAll(true);
    tell('9 every socket cut', report);
    expect(report).toMatchObject(FLAWLESS);
    expect(report.delivered).toBe((report.acknowledged * clients) / TOPICS);
  });

  test('control: clients that do not resume lose the events published meanwhile', async () => {
    const { silent } = await cutAll(false);
    tell('9 every socket cut', { control: `${silent} lost` });
    expect(silent).toBeGreaterThan(0);
  });
});

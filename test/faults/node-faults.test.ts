import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { RedisBroker } from '../../server/broker/redis/redis-broker.ts';
import { DeliveryChecker } from '../../verify/index.ts';
import { serve } from '../cli/command.ts';
import { startTestServer } from '../client/test-server.ts';
import { startRedis } from '../setup/redis-server.ts';
import { startBalancer } from './balancer.ts';
import { rounds, size, tell } from './chaos.ts';
import { Followers } from './followers.ts';
import { Load } from './load.ts';

const LOAD = { publishers: size(4, 20), perSecond: size(200, 1000) };
const FLAWLESS = { silent: 0, announced: 0, duplicated: 0, reordered: 0, gaps: 0 };

/** Waits until every client got something new. */
async function deliveryGoesOn(checker: DeliveryChecker): Promise<void> {
  const counts = checker.readers.map(({ delivered }) => delivered);
  await expect
    .poll(() => checker.readers.every(({ delivered }, i) => delivered > (counts[i] ?? 0) + 10), {
      timeout: 30_000,
    })
    .toBe(true);
}

describe('a node is killed under load', { timeout: size(20_000, 600_000) }, () => {
  async function killNodes(resumes: boolean) {
    await using redis = await startRedis();
    const start = () => serve(['--redis', redis.url]);
    const nodes = await Promise.all(Array.from({ length: size(2, 3) }, start));
    const ports = () => nodes.map(({ url }) => Number(new URL(url).port));
    await using balancer = await startBalancer(ports);
    const checker = new DeliveryChecker();
    await using followers = new Followers(checker, [balancer.url], size(10, 200), resumes);
    await expect.poll(() => followers.areLive, { timeout: size(8_000, 60_000) }).toBe(true);
    const broker = new RedisBroker({ url: redis.url }, { maxRecords: 100_000 });
    const load = new Load(broker, checker, LOAD);
    try {
      for (let round = 0; round < rounds(1, 20); round++) {
        await deliveryGoesOn(checker);
        const index = round % nodes.length;
        nodes[index]?.command.child.kill('SIGKILL');
        await deliveryGoesOn(checker);
        if (round < size(0, 20)) nodes[index] = await start();
      }
      await load.stop();
      await expect.poll(() => checker.isLevel, { timeout: size(8_000, 60_000) }).toBe(true);
      return checker.report();
    } finally {
      await load.stop();
      await broker.close();
      await Promise.all(nodes.map((node) => node[Symbol.asyncDispose]()));
    }
  }

  test('[D12] its clients go on at another one: nothing is lost or duplicated', async () => {
    const report = await killNodes(true);
    tell('8 a node killed', report);
    expect(report).toMatchObject(FLAWLESS);
  });

  test('control: clients that do not resume lose what came meanwhile', async () => {
    const { silent } = await killNodes(false);
    tell('8 a node killed', { control: `${silent} lost` });
    expect(silent).toBeGreaterThan(0);
  });
});

describe("every client's socket is cut", { timeout: size(20_000, 600_000) }, () => {
  async function cutAll(resumes: boolean) {
    await using server = await startTestServer();
    const port = Number(new URL(server.url).port);
    await using balancer = await startBalancer(() => [port]);
    const checker = new DeliveryChecker();
    await using followers = new Followers(checker, [balancer.url], size(20, 1000), resumes);
    await expect.poll(() => followers.areLive, { timeout: size(8_000, 60_000) }).toBe(true);
    const target = {
      publish: async (topic: string, entries: Parameters<RedisBroker['publish']>[1]) =>
        server.manager.publishBatch(
          entries.map(({ id, json }) => ({ ...JSON.parse(json), idempotencyKey: id })),
          { topic },
        ),
    };
    const load = new Load(target, checker, { ...LOAD, perSecond: size(200, 100) });
    for (let round = 0; round < rounds(2, 6); round++) {
      await deliveryGoesOn(checker);
      balancer.cut();
      await sleep(size(100, 2000));
      balancer.open();
    }
    await deliveryGoesOn(checker);
    await load.stop();
    await expect.poll(() => checker.isLevel, { timeout: size(8_000, 60_000) }).toBe(true);
    return checker.report();
  }

  test('[D12] everything is delivered, once and in order', async () => {
    const report = await cutAll(true);
    tell('9 every socket cut', report);
    expect(report).toMatchObject(FLAWLESS);
  });

  test('control: clients that do not resume lose what came meanwhile', async () => {
    const { silent } = await cutAll(false);
    tell('9 every socket cut', { control: `${silent} lost` });
    expect(silent).toBeGreaterThan(0);
  });
});

import { randomUUID } from 'node:crypto';
import { describe, expect, inject, test } from 'vitest';
import { RedisBroker } from '../../server/broker/redis/redis-broker.ts';
import type { LogEntry } from '../../shared/index.ts';
import { DeliveryChecker } from '../../verify/index.ts';
import { startTestServer } from '../app/harness.ts';
import { serve } from '../cli/command.ts';
import { startBalancer } from './balancer.ts';
import { size, tell } from './chaos.ts';
import { Followers } from './followers.ts';
import { Load } from './load.ts';
import { StockFollowers } from './stock-followers.ts';

/** 2,000 clients and 500 events a second in the long form: each event goes to the twenty clients of its topic. */
const TOPICS = size(3, 100);
const OURS = size(6, 15);
const STOCK = size(2, 5);
const PER_SECOND = size(60, 500);
const NODES = 3;
const DRAIN_MS = size(500, 10_000);
const WAIT = { timeout: size(20_000, 120_000), interval: 50 };
/** What a rolling restart may take a node. */
const BAR_MS = 30_000;

interface Node {
  readonly port: number;
  /** As an operator does: asks it to stop, and waits until it is gone. */
  stop(): Promise<void>;
}

/** In the long form a process of its own. */
async function startNode(redisPrefix: string, drainMs: number): Promise<Node> {
  const redisUrl = inject('redisUrl');
  if (TOPICS < 10) {
    const { port, close } = await startTestServer({ redisUrl, redisPrefix, drainMs });
    return { port, stop: close };
  }
  const env = { REDIS_PREFIX: redisPrefix, DRAIN_MS: String(drainMs) };
  const { command, url } = await serve(['--redis', redisUrl], env);
  return {
    port: Number(new URL(url).port),
    async stop() {
      command.child.kill('SIGTERM');
      expect((await command.exit()).code).toBe(0);
    },
  };
}

/** Restarts all nodes, one after another, under load. */
async function restartAll({ drains, resumes }: { drains: boolean; resumes: boolean }) {
  const prefix = `rolling-${randomUUID()}`;
  const start = () => startNode(prefix, drains ? DRAIN_MS : 0);
  const nodes = await Promise.all(Array.from({ length: NODES }, start));
  // It knows nothing of readiness: a third of those who move come to the node that they are to leave, and try again.
  await using balancer = await startBalancer(() => nodes.map(({ port }) => port));
  const broker = new RedisBroker({ url: inject('redisUrl') }, { prefix });
  const runs = Array.from({ length: TOPICS }, (_, index) => {
    const topic = `t${index}`;
    const checker = new DeliveryChecker();
    const followers = [
      new Followers(checker, [balancer.url], resumes ? OURS : OURS + STOCK, resumes, topic),
      ...(resumes ? [new StockFollowers(checker, balancer.url, STOCK, topic)] : []),
    ];
    return { topic, checker, followers };
  });
  await expect
    .poll(() => runs.every(({ followers }) => followers.every(({ areLive }) => areLive)), WAIT)
    .toBe(true);
  const loads = runs.map(({ topic, checker }) => {
    const target = { publish: (_: string, entries: readonly LogEntry[]) => broker.publish(topic, entries) };
    return new Load(target, checker, { publishers: 1, perSecond: PER_SECOND / TOPICS });
  });
  let longestMs = 0;
  try {
    for (const [index, node] of nodes.entries()) {
      const before = runs.map(({ checker }) => checker.acknowledged);
      const since = performance.now();
      await node.stop();
      longestMs = Math.max(longestMs, performance.now() - since);
      nodes[index] = await start();
      await expect
        .poll(() => runs.every(({ checker }, at) => checker.acknowledged > (before[at] ?? 0) + 3), WAIT)
        .toBe(true);
    }
    // Those who do not resume must be back to get the last ones.
    const readers = runs.flatMap(({ checker }) => checker.readers);
    const before = readers.map(({ delivered }) => delivered);
    await expect
      .poll(() => readers.every(({ delivered }, at) => delivered > (before[at] ?? 0) + 2), WAIT)
      .toBe(true);
    await Promise.all(loads.map((load) => load.stop()));
    await expect.poll(() => runs.every(({ checker }) => checker.isLevel), WAIT).toBe(true);
  } finally {
    await Promise.all(loads.map((load) => load.stop()));
    await Promise.all(runs.flatMap(({ followers }) => followers.map((each) => each[Symbol.asyncDispose]())));
    await Promise.all(nodes.map((node) => node.stop()));
    await broker.close();
  }
  return { report: total(runs.map(({ checker }) => checker.report())), longestMs };
}

type DeliveryReport = ReturnType<DeliveryChecker['report']>;

function total(reports: readonly DeliveryReport[]): DeliveryReport {
  const sum = (name: keyof DeliveryReport): number => reports.reduce((all, report) => all + report[name], 0);
  return {
    acknowledged: sum('acknowledged'),
    delivered: sum('delivered'),
    silent: sum('silent'),
    announced: sum('announced'),
    duplicated: sum('duplicated'),
    reordered: sum('reordered'),
    gaps: sum('gaps'),
  };
}

describe('a rolling restart of three nodes under load', { timeout: size(60_000, 600_000) }, () => {
  test('loses nothing, duplicates nothing, and takes a node no more than half a minute', async () => {
    const { report, longestMs } = await restartAll({ drains: true, resumes: true });
    tell('8 rolling restart', { ...report, longestMs: Math.round(longestMs) });
    expect(report).toMatchObject({ silent: 0, announced: 0, duplicated: 0, reordered: 0, gaps: 0 });
    expect(report.delivered).toBe(report.acknowledged * (OURS + STOCK));
    expect(longestMs).toBeLessThan(BAR_MS);
  });

  test('control: without the drain, clients that do not resume lose what came meanwhile', async () => {
    const { report } = await restartAll({ drains: false, resumes: false });
    expect(report.silent).toBeGreaterThan(0);
  });
});

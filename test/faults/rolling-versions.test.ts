import { randomUUID } from 'node:crypto';
import { describe, expect, inject, test } from 'vitest';
import type { Clock } from '../../shared/index.ts';
import { HASTY } from '../support/hasty-clock.ts';
import { size, tell } from './chaos.ts';
import { CheckedTopics } from './checked-topics.ts';
import { Followers } from './followers.ts';
import { startLoad } from './load.ts';
import { StockFollowers } from './stock-followers.ts';
import { type VersionNode, VersionNodes } from './version-nodes.ts';

const TOPICS = size(3, 20);
const OURS = size(5, 7);
const STOCK = size(2, 3);
const PER_TOPIC = OURS + STOCK;
const CLIENTS = TOPICS * PER_TOPIC;
const PER_SECOND = size(60, 300);
const WAIT_MS = size(20_000, 120_000);

interface Deploy {
  readonly nodes: VersionNodes;
  readonly topics: CheckedTopics;
  /** The servers at its beginning, of version 1. */
  readonly old: readonly VersionNode[];
  /** Waits until every client has got something of every publisher that was published after now. */
  goOn(): Promise<void>;
}

/** Deploys another version of an event to two servers, under load. @param clock of the old servers */
async function deploy(run: (deploy: Deploy) => Promise<void>, clock?: Clock) {
  const topics = new CheckedTopics(TOPICS);
  await using nodes = new VersionNodes({
    redisUrl: inject('redisUrl'),
    redisPrefix: `versions-${randomUUID()}`,
    drainMs: size(300, 3000),
  });
  const old = [await nodes.start({ version: 1, clock }), await nodes.start({ version: 1, clock })];
  const goOn = () => topics.goOn(2, WAIT_MS);
  const all = { urls: ['ws://balanced/trpc'], topics: topics.names };
  const readerOf = (topic: string) => topics.at(topics.names.indexOf(topic)).reader();
  await using ours = new Followers({ ...all, perTopic: OURS }, readerOf, nodes.WebSocket);
  await using stock = new StockFollowers({ ...all, perTopic: STOCK }, readerOf, nodes.WebSocket);
  await expect.poll(() => ours.areLive && stock.areLive, { timeout: WAIT_MS }).toBe(true);
  const began = performance.now();
  await using load = startLoad(topics, { publishers: TOPICS, perSecond: PER_SECOND }, nodes);
  await goOn();
  await run({ nodes, topics, old, goOn });
  await goOn();
  await load.stop();
  const perSecond = topics.perSecondSince(began);
  await expect.poll(() => topics.isLevel, { timeout: WAIT_MS }).toBe(true);
  const { wrong, waits, sent } = nodes;
  const { refused, longestMs } = load;
  const more = { wrong, waits, sent, perSecond, refused, longestMs: Math.round(longestMs) };
  return { report: topics.report(), ...more };
}

const UNHARMED = { silent: 0, announced: 0, duplicated: 0, reordered: 0, gaps: 0 };

/** New publishers while old servers still serve, which are stopped once `left` holds. */
function publishersFirst(left: (deploy: Deploy) => Promise<void>, clock?: Clock) {
  return deploy(async (all) => {
    const { nodes, old, goOn } = all;
    await nodes.start({ version: 2 });
    await left(all);
    for (const node of old) await nodes.stop(node);
    await goOn();
    await nodes.start({ version: 2 });
  }, clock);
}

describe('a deploy of another version of an event, two servers of each version', {
  timeout: size(60_000, 600_000),
}, () => {
  test('[V4] readers first, publishers held at the old version and then released: nothing lost, duplicated or of another type', async () => {
    const publishAs = { agent_message: 1 };
    const { report, ...more } = await deploy(async ({ nodes, old, goOn }) => {
      const held: VersionNode[] = [];
      for (const node of old) {
        held.push(await nodes.start({ version: 2, publishAs }));
        await goOn();
        await nodes.stop(node);
        await goOn();
      }
      for (const node of held) {
        await nodes.start({ version: 2 });
        await goOn();
        await nodes.stop(node);
      }
    });
    tell('19 readers first', { clients: CLIENTS, ...report, ...more });
    expect(report).toMatchObject(UNHARMED);
    expect(report.delivered).toBe(report.acknowledged * PER_TOPIC);
    expect(more).toMatchObject({ wrong: 0, waits: 0 });
    expect(Math.min(more.sent[1], more.sent[2])).toBeGreaterThan(0);
  });

  test('[V4] publishers first: old servers deliver nothing past it, and their clients lose nothing', async () => {
    const { report, ...more } = await publishersFirst(async ({ nodes, old }) => {
      await expect.poll(() => old.every(({ met }) => met.length > 0), { timeout: WAIT_MS }).toBe(true);
      await expect.poll(() => nodes.clientsAt(1), { timeout: WAIT_MS }).toBe(0);
    });
    tell('19 publishers first', { clients: CLIENTS, ...report, ...more });
    expect(report).toMatchObject(UNHARMED);
    expect(report.delivered).toBe(report.acknowledged * PER_TOPIC);
    expect(more).toMatchObject({ wrong: 0, waits: 2 });
    expect(Math.min(more.sent[1], more.sent[2])).toBeGreaterThan(0);
  });

  test('control: old servers that do not wait lose for their clients what new ones publish', async () => {
    // Nobody is waited for here: clients of old servers get no more than gaps.
    const { report, wrong } = await publishersFirst(async ({ topics }) => {
      await expect.poll(() => topics.report().gaps, { timeout: WAIT_MS }).toBeGreaterThan(0);
      await expect.poll(() => topics.report().announced, { timeout: WAIT_MS }).toBeGreaterThan(0);
    }, HASTY);
    tell('19 publishers first', { control: `${report.announced} lost, ${report.gaps} gaps` });
    expect(report.gaps).toBeGreaterThan(0);
    expect(report.announced).toBeGreaterThan(0);
    expect(wrong).toBe(0);
  });
});

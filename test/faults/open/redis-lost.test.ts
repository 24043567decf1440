import { describe, expect, test } from 'vitest';
import { createClient } from '../../../client/index.ts';
import type { Broker } from '../../../server/broker/broker.ts';
import { RedisBroker } from '../../../server/broker/redis/redis-broker.ts';
import { EventManager } from '../../../server/index.ts';
import { openOf } from '../../broker/open/open-events.ts';
import { admin, expectNothingPrinted } from '../../broker/redis/redis-admin.ts';
import { startTestServer } from '../../client/test-server.ts';
import { openCatalog as catalog } from '../../open/catalog.ts';
import { type RedisServer, startRedis } from '../../setup/redis-server.ts';
import { rounds, size, tell } from '../chaos.ts';
import { ghostsLeft } from './ghosts.ts';
import { reportOn, SOUND, untilLevel } from './open-report.ts';
import { hidesLoss } from './unprotected.ts';
import { startWatchers, type Watchers } from './watchers.ts';
import { Writers } from './writers.ts';

const KILLED = '21 Redis killed, events open, AOF';
const REWOUND = '21 Redis rewound, events open';
const TOPICS = Array.from({ length: size(2, 5) }, (_, n) => `run-${n}`);
const PACE = { writers: size(6, 50), perClient: 2, perSecond: size(10, 20), pieces: size(10, 40) };
const LEASE_MS = 15_000;
const WAIT_MS = size(30_000, 120_000);
const AOF = ['--appendonly', 'yes', '--appendfsync', 'always'];

expectNothingPrinted();

interface Struck {
  redis: RedisServer;
  broker: Broker;
  watchers: Watchers;
}

interface Strikes {
  args?: readonly string[];
  strike: (struck: Struck) => Promise<unknown>;
  strikes: number;
  wrap?: (broker: Broker) => Broker;
  /** True if subscribers are to come level with Redis at the end. Default true. */
  comesLevel?: boolean;
}

/** Nodes on one Redis, which is struck while events grow, a question waits in each topic, and somebody is there. */
async function underWriters({ args = [], strike, strikes, wrap = (it) => it, comesLevel = true }: Strikes) {
  await using redis = await startRedis({ args });
  const nodes = await Promise.all(
    Array.from({ length: 3 }, () => {
      const broker = wrap(new RedisBroker({ url: redis.url }, { checkIntervalMs: 500 }));
      return startTestServer({ catalog, manager: new EventManager({ broker, catalog }) });
    }),
  );
  const urls = nodes.map(({ wsUrl }) => wsUrl);
  const broker = new RedisBroker({ url: redis.url });
  const visitor = createClient({ url: urls[0] ?? '', catalog });
  try {
    await using watchers = await startWatchers(TOPICS, { urls, perTopic: 3 });
    await using writers = new Writers({ ...PACE, leaseMs: LEASE_MS, urls, topics: TOPICS, run: 'run' });
    const asks = TOPICS.map((topic) => visitor.ask('approval', { tool: topic }, { topic, key: 'call-7' }));
    const asked = Promise.all(asks.map((answer) => answer.catch((error) => error)));
    const members = await Promise.all(
      TOPICS.map((topic) => visitor.join('viewer', { name: 'Ada' }, { topic, leaseMs: 3000 })),
    );
    for (let round = 0; round < strikes; round++) {
      await watchers.goOn(2, WAIT_MS);
      await strike({ redis, broker, watchers });
      await watchers.goOn(2, WAIT_MS);
    }
    await writers.stop();
    if (comesLevel) await untilLevel(broker, watchers.all, { left: 2, timeout: WAIT_MS });
    const differing = await viewsThatDiffer(broker, watchers);
    const report = await reportOn(broker, TOPICS, { watchers: watchers.all, told: writers.told });
    // Whoever is there, and what was asked, is there still or again, once.
    const pages = await Promise.all(TOPICS.map((topic) => visitor.open({ topic })));
    const open = pages.map(({ items }) => items.map(({ event }) => event.event_type).toSorted());
    for (const [index, { items }] of pages.entries()) {
      const question = items.find(({ event }) => event.event_type === 'approval');
      const options = { topic: TOPICS[index] ?? '' };
      if (question) await visitor.answer('approval', question.event.open?.id ?? '', { allow: true }, options);
    }
    const answers = comesLevel ? (await asked).map(({ answer }) => answer) : [];
    await Promise.all(members.map((member) => member.close()));
    const ghosts = await ghostsLeft(redis, broker, TOPICS);
    const { lost, resumed, errors } = writers;
    return {
      report,
      open,
      answers,
      more: { lost, resumed, ghosts },
      errors,
      differing,
      watchers: watchers.all,
    };
  } finally {
    await visitor.close();
    await Promise.all(nodes.map((node) => node[Symbol.asyncDispose]()));
    await broker.close();
  }
}

/** Subscribers that take something else for open than Redis does. */
async function viewsThatDiffer(broker: Broker, { all }: Watchers): Promise<number> {
  let count = 0;
  for (const { topic, openIds } of all) {
    const { events } = await openOf(broker).read(topic);
    if (String(openIds) !== String(events.map(({ id }) => id).toSorted())) count++;
  }
  return count;
}

async function killAndRestart({ redis }: Struck): Promise<void> {
  await redis.kill();
  await redis.restart();
}

/** Redis comes back as it was before it told of settlements: in each topic one at least is lost. */
async function rewind({ redis, broker, watchers }: Struck): Promise<void> {
  await admin(redis, (say) => say.save());
  const sets = await Promise.all(TOPICS.map((topic) => openOf(broker).read(topic)));
  const open = sets.map(({ events }) => events.map(({ id }) => id));
  const hasSettled = (topic: string, index: number) =>
    watchers.all.every(
      (watcher) =>
        watcher.topic !== topic || open[index]?.some((id) => watcher.views.get(id)?.state === 'done'),
    );
  await expect.poll(() => TOPICS.every(hasSettled), { timeout: WAIT_MS }).toBe(true);
  await killAndRestart({ redis, broker, watchers });
}

const LEFT = TOPICS.map(() => ['approval', 'viewer']);
const ANSWERS = TOPICS.map(() => ({ allow: true }));

describe('Redis killed while events are open', { timeout: size(240_000, 600_000) }, () => {
  test('[O1] with AOF nothing is lost: owners go on, each event is settled once, and subscribers know', async () => {
    const strikes = rounds(1, 10);
    const { report, open, answers, more, errors } = await underWriters({
      args: AOF,
      strike: killAndRestart,
      strikes,
    });
    tell(KILLED, { ...report, ...more });
    expect(report).toMatchObject({ ...SOUND, gaps: 0 });
    expect(more).toMatchObject({ lost: 0, ghosts: 0 });
    expect(errors).toEqual([]);
    expect(open).toEqual(LEFT);
    expect(answers).toEqual(ANSWERS);
  });

  test('control: without AOF owners lose what they wrote', async () => {
    const { report, more } = await underWriters({ strike: killAndRestart, strikes: 1 });
    tell(KILLED, { control: `${more.lost} lost` });
    expect(more.lost).toBeGreaterThan(0);
    expect(report.unrecorded).toBeGreaterThan(0);
  });
});

describe('Redis rewound while events are open', { timeout: size(240_000, 600_000) }, () => {
  test('[O10] nothing is settled twice, everybody is told, and what is open is what Redis has', async () => {
    const strikes = rounds(1, 5);
    const { report, open, answers, more, errors, differing, watchers } = await underWriters({
      strike: rewind,
      strikes,
    });
    tell(REWOUND, { ...report, ...more });
    const { unrecorded: _, ...sound } = SOUND; // what was settled in a log that is gone
    expect(report).toMatchObject(sound);
    expect(watchers.every(({ gaps }) => gaps.length >= strikes)).toBe(true);
    expect(new Set(watchers.flatMap(({ gaps }) => gaps))).toEqual(new Set(['epoch_changed']));
    expect(more.lost).toBeGreaterThan(0);
    expect(more.ghosts).toBe(0);
    expect(differing).toBe(0);
    expect(errors).toEqual([]);
    expect(open).toEqual(LEFT);
    expect(answers).toEqual(ANSWERS);
  });

  test('control: subscribers take for open what is gone where they are not told', async () => {
    const { differing } = await underWriters({
      strike: rewind,
      strikes: 1,
      wrap: hidesLoss,
      comesLevel: false,
    });
    tell(REWOUND, { control: `${differing} views differ` });
    expect(differing).toBeGreaterThan(0);
  });
});

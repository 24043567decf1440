import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { startTcpProxy } from '../../../conformance/tcp-proxy.ts';
import { topicKeys } from '../../../server/broker/redis/log/keys.ts';
import type { RedisBroker } from '../../../server/broker/redis/redis-broker.ts';
import { startRedis } from '../../setup/redis-server.ts';
import { entries, entry, RecordingSink } from '../contract/entries.ts';
import { redisFixture } from '../contract/fixtures.ts';
import { DeafRedis, deafening } from '../redis-servers/deaf-redis.ts';
import { admin, expectNothingPrinted } from './redis-admin.ts';

const topic = 'run-1';
const NEVER_MS = 3_600_000;

expectNothingPrinted();

/** Publishes one after the other until told to stop; says how often that was refused. */
function publishing(broker: RedisBroker) {
  let running = true;
  let published = 0;
  let refused = 0;
  const done = (async () => {
    while (running) {
      await broker.publish(topic, [entry(published)]).then(
        () => published++,
        () => refused++,
      );
      await new Promise(setImmediate);
    }
  })();
  return {
    get published() {
      return published;
    },
    async stop() {
      running = false;
      await done;
      return { published, refused };
    },
  };
}

test('[D4] malformed, stale and forged announcements do no harm', async () => {
  await using server = await startRedis();
  await using log = redisFixture({ checkIntervalMs: NEVER_MS }, server.url);
  const { live } = topicKeys(log.prefix, topic);
  const sink = new RecordingSink();
  await log.broker.tail(topic, sink);
  const { epoch } = await log.broker.bounds(topic);
  const { json } = entry(99);
  const bad = [
    '',
    'hello',
    `${epoch} 1 0`,
    `${epoch} 1 0\ntick\nid\n${json}`,
    `${epoch} 1 0\ntick\nid\n{"half":\n`,
    `${epoch} 1 0\ntick\nid\n${json}\nnot json`,
    `${epoch} 0 0\ntick\nid\n${json}\n`,
    `${epoch} 1 0\ntick\n\\x\n${json}\n`,
    `${epoch} 1.5 0\ntick\nid\n${json}\n`,
    `other 1 0\ntick\nid\n${json}\n`,
    `${epoch} 70 0\ntick\nid\n${json}\n`,
    `${epoch} 9007199254740991 0\ntick\nid\n${json}\n`,
  ];
  let n = 0;
  for (const payload of bad) {
    await admin(server, (redis) => redis.spublish(live, payload));
    await log.broker.publish(topic, [entry(++n)]);
  }
  await expect.poll(() => sink.numbers).toEqual(bad.map((_, index) => index + 1));
  sink.expectContiguous();
  expect(sink.gaps).toEqual([]);
  expect((await log.broker.bounds(topic)).epoch).toBe(epoch);
});

test('[D1] a forged announcement that looks right costs the log no records', async () => {
  await using server = await startRedis();
  await using log = redisFixture({ checkIntervalMs: 20 }, server.url);
  const { live } = topicKeys(log.prefix, topic);
  const sink = new RecordingSink();
  await log.broker.publish(topic, entries(1, 3));
  const { epoch } = await log.broker.bounds(topic);
  await log.broker.tail(topic, sink);
  await admin(server, (redis) => redis.spublish(live, `${epoch} 4 0\ntick\nforged\n${entry(99).json}\n`));
  await expect.poll(() => sink.numbers).toEqual([99]);
  // The check finds that the log has no such record, and says so.
  await expect.poll(() => sink.gaps).toMatchObject([{ from: { epoch, seq: 4 }, to: { epoch, seq: 3 } }]);
  await admin(server, (redis) => redis.call('CLIENT', 'KILL', 'TYPE', 'NORMAL', 'SKIPME', 'YES'));
  const [published] = await log.broker.publish(topic, [entry(4)]);
  expect(published?.cursor).toBe(`${epoch}:4`);
  await expect.poll(() => sink.numbers).toEqual([99, 4]);
  expect(await log.broker.bounds(topic)).toEqual({ epoch, first: 1, last: 4 });
});

test('[D4] the check finds a last announcement that was lost', async () => {
  await using server = await startRedis();
  await using deaf = deafening(server, { checkIntervalMs: 20 });
  const { broker } = deaf;
  const sink = new RecordingSink();
  await broker.tail(topic, sink);
  DeafRedis.deaf = true;
  await broker.publish(topic, [entry(1)]);
  await expect.poll(() => sink.numbers).toEqual([1]);
  await broker.publish(topic, [entry(2)]);
  await expect.poll(() => sink.numbers).toEqual([1, 2]);
});

test('[D4] a connection on which nothing arrives is replaced, even if nothing is published', async () => {
  await using server = await startRedis();
  await using deaf = deafening(server, { checkIntervalMs: 20, timeoutMs: 4000 });
  const { broker, reconnected } = deaf;
  const sink = new RecordingSink();
  await broker.tail(topic, sink);
  const before = DeafRedis.messages;
  await expect.poll(() => DeafRedis.messages).toBeGreaterThan(before + 5); // probes
  expect(reconnected).not.toHaveBeenCalled(); // idle is not deaf
  DeafRedis.deaf = true;
  await expect.poll(() => reconnected.mock.calls.length).toBeGreaterThan(0);
  DeafRedis.deaf = false;
  await broker.publish(topic, [entry(1)]);
  await expect.poll(() => sink.numbers).toEqual([1]);
  sink.expectContiguous();
});

test('control: without the probe the connection stays deaf', async () => {
  await using server = await startRedis();
  await using deaf = deafening(server, { checkIntervalMs: NEVER_MS, timeoutMs: 200 });
  const { broker, reconnected } = deaf;
  await broker.tail(topic, new RecordingSink());
  DeafRedis.deaf = true;
  await sleep(1000);
  expect(reconnected).not.toHaveBeenCalled();
});

test('[D4] CLIENT KILL TYPE pubsub loses nothing', async () => {
  await using server = await startRedis();
  await using log = redisFixture({ checkIntervalMs: NEVER_MS }, server.url);
  const sink = new RecordingSink();
  await log.broker.tail(topic, sink);
  const publisher = publishing(log.another());
  for (let round = 0; round < 5; round++) {
    const before = sink.received.length;
    await expect.poll(() => sink.received.length).toBeGreaterThan(before + 20);
    expect(await admin(server, (redis) => redis.client('KILL', 'TYPE', 'PUBSUB'))).toBe(1);
  }
  const { published, refused } = await publisher.stop();
  expect(refused).toBe(0);
  await expect.poll(() => sink.received.length).toBe(published);
  sink.expectContiguous();
  expect(sink.gaps).toEqual([]);
});

test('[D4] records trimmed while the subscriber was away are one gap', async () => {
  await using server = await startRedis();
  await using proxy = await startTcpProxy(server.port);
  const options = { checkIntervalMs: NEVER_MS, maxRecords: 3 };
  await using log = redisFixture(options, `redis://127.0.0.1:${proxy.port}`);
  await using elsewhere = redisFixture({ ...options, prefix: log.prefix }, server.url);
  const sink = new RecordingSink();
  await log.broker.tail(topic, sink);
  await log.broker.publish(topic, [entry(1)]);
  await expect.poll(() => sink.numbers).toEqual([1]);
  proxy.refuse();
  await elsewhere.broker.publish(topic, entries(2, 10));
  proxy.pass();
  await expect.poll(() => sink.received.at(-1)?.seq).toBe(10);
  sink.expectContiguous();
  expect(sink.gaps).toMatchObject([{ from: { seq: 1 }, to: { seq: 7 }, lost: 6, reason: 'trimmed' }]);
});

test('[D1] [D4] FLUSHALL changes the epoch, which the check and the next publish notice', async () => {
  await using server = await startRedis();
  await using log = redisFixture({ checkIntervalMs: 20 }, server.url);
  await using slow = redisFixture({ checkIntervalMs: NEVER_MS, prefix: log.prefix }, server.url);
  const [checking, waiting] = [new RecordingSink(), new RecordingSink()];
  await log.broker.tail(topic, checking);
  await slow.broker.tail(topic, waiting);
  await log.broker.publish(topic, entries(1, 3));
  await expect.poll(() => [checking.received.length, waiting.received.length]).toEqual([3, 3]);
  const { epoch } = await log.broker.bounds(topic);
  await admin(server, (redis) => redis.flushall());
  await expect.poll(() => checking.gaps.length).toBe(1);
  expect(waiting.gaps).toEqual([]);
  await slow.broker.publish(topic, [entry(4)]);
  await expect.poll(() => [checking.received.length, waiting.received.length]).toEqual([4, 4]);
  for (const sink of [checking, waiting]) {
    sink.expectContiguous();
    expect(sink.gaps).toMatchObject([
      { from: { epoch, seq: 3 }, to: { seq: 0 }, lost: null, reason: 'epoch_changed' },
    ]);
    expect(sink.gaps[0]?.to.epoch).not.toBe(epoch);
  }
});

test('a topic without followers is unsubscribed', async () => {
  await using server = await startRedis();
  await using log = redisFixture({}, server.url);
  const subscribed = () => admin(server, (redis) => redis.pubsub('SHARDCHANNELS'));
  const tails = [
    await log.broker.tail(topic, new RecordingSink()),
    await log.broker.tail(topic, new RecordingSink()),
    await log.broker.tail('other', new RecordingSink()),
  ];
  expect(await subscribed()).toHaveLength(2);
  tails[0]?.close();
  tails[2]?.close();
  await expect.poll(subscribed).toEqual([topicKeys(log.prefix, topic).live]);
  tails[1]?.close();
  tails[1]?.close();
  await expect.poll(subscribed).toEqual([]);
});

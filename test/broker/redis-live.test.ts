import { Redis, type RedisOptions } from 'ioredis';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { topicKeys } from '../../server/broker/redis/keys.ts';
import { RedisBroker } from '../../server/broker/redis/redis-broker.ts';
import { parseCursor } from '../../shared/cursor.ts';
import { type RedisServer, startRedis } from '../setup/redis-server.ts';
import { entries, entry, RecordingSink } from './entries.ts';
import { redisFixture } from './fixtures.ts';

const topic = 'run-1';
const NEVER_MS = 3_600_000;

/** Says something to a server and hangs up. */
async function admin<T>(server: RedisServer, say: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(server.url, { retryStrategy: null });
  redis.on('error', () => {});
  try {
    return await say(redis);
  } finally {
    redis.disconnect();
  }
}

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

// ioredis prints errors that nobody listens to.
beforeEach(() => {
  vi.spyOn(console, 'error');
});
afterEach(() => {
  expect(console.error).not.toHaveBeenCalled();
  vi.restoreAllMocks();
});

describe('what is announced is a hint', () => {
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
      `${epoch} 1 0\ntick\nid\nnot json\n`,
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
      await admin(server, (redis) => redis.publish(live, payload));
      await log.broker.publish(topic, [entry(++n)]);
    }
    await expect.poll(() => sink.numbers).toEqual(bad.map((_, index) => index + 1));
    sink.expectContiguous();
    expect(sink.gaps).toEqual([]);
    expect((await log.broker.bounds(topic)).epoch).toBe(epoch);
  });

  /** A connection whose announcements get lost, while it answers every PING. */
  class DeafRedis extends Redis {
    static deaf = false;
    override emit(event: string | symbol, ...args: unknown[]): boolean {
      return event === 'message' && DeafRedis.deaf ? true : super.emit(event, ...args);
    }
  }

  test('[D4] a lost last announcement is found by the check; a deaf connection is replaced', async () => {
    await using server = await startRedis();
    const connections: Redis[] = [];
    const connect = (options: RedisOptions) => {
      const redis = new DeafRedis(server.port, '127.0.0.1', { ...options, replyMapping: 'legacy' });
      connections.push(redis);
      return redis;
    };
    const broker = new RedisBroker({ connect }, { checkIntervalMs: 20 });
    const sink = new RecordingSink();
    await broker.tail(topic, sink);
    const subscriber = connections[1];
    const reconnected = vi.fn();
    subscriber?.on('close', reconnected);
    DeafRedis.deaf = true;
    await broker.publish(topic, [entry(1)]);
    await expect.poll(() => sink.numbers).toEqual([1]);
    expect(reconnected).not.toHaveBeenCalled();
    await broker.publish(topic, [entry(2)]);
    await expect.poll(() => sink.numbers).toEqual([1, 2]);
    await expect.poll(() => reconnected.mock.calls.length).toBe(1);
    DeafRedis.deaf = false;
    await broker.publish(topic, [entry(3)]);
    await expect.poll(() => sink.numbers).toEqual([1, 2, 3]);
    sink.expectContiguous();
    await broker.close();
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

  test('[D4] what was trimmed while the subscriber was away is one gap', async () => {
    await using server = await startRedis();
    await using log = redisFixture({ checkIntervalMs: NEVER_MS, maxRecords: 3 }, server.url);
    const sink = new RecordingSink();
    await log.broker.tail(topic, sink);
    await log.broker.publish(topic, [entry(1)]);
    await expect.poll(() => sink.numbers).toEqual([1]);
    // In one go, so that it is over before the subscriber is back.
    const script = log.another().publish(topic, [entry(2)]);
    await script;
    await expect.poll(() => sink.numbers).toEqual([1, 2]);
    await admin(server, async (redis) => {
      await redis.client('KILL', 'TYPE', 'PUBSUB');
    });
    await log.broker.publish(topic, entries(3, 10));
    await expect.poll(() => sink.received.at(-1)?.seq).toBe(10);
    sink.expectContiguous();
    expect(sink.gaps).toMatchObject([{ from: { seq: 2 }, to: { seq: 7 }, lost: 5, reason: 'trimmed' }]);
  });

  test('[D1] [D4] FLUSHALL is a change of epoch, found by the check and by the next publish', async () => {
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
});

describe('outages', () => {
  test('[D2] publish rejects with UNAVAILABLE within 3 s while Redis is stopped, and works after it', async () => {
    await using server = await startRedis({ args: ['--appendonly', 'yes'] });
    const logger = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() };
    await using log = redisFixture({ logger }, server.url);
    const sink = new RecordingSink();
    await log.broker.tail(topic, sink);
    await log.broker.publish(topic, [entry(1)]);
    await server.stop();
    for (let attempt = 0; attempt < 2; attempt++) {
      const since = performance.now();
      await expect(log.broker.publish(topic, [entry(0)])).rejects.toMatchObject({
        code: 'UNAVAILABLE',
        message: expect.stringContaining(`127.0.0.1:${server.port}`),
        cause: expect.any(Error),
      });
      expect(performance.now() - since).toBeLessThan(3000);
    }
    await expect(log.broker.bounds(topic)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await server.restart();
    await expect
      .poll(() => log.broker.publish(topic, [entry(2)]).then(() => 'published'), { timeout: 10_000 })
      .toBe('published');
    await expect.poll(() => sink.numbers, { timeout: 10_000 }).toEqual([1, 2]);
    sink.expectContiguous();
    expect(sink.gaps).toEqual([]);
    // One line per connection when it goes, one when it is back.
    expect(logger.warn.mock.calls.filter(([, line]) => line.includes('cannot be reached'))).toHaveLength(2);
    expect(logger.info).toHaveBeenCalledTimes(2);
  });

  test('[D3] a publish whose connection is lost is stored once, and its caller does not notice', async () => {
    await using server = await startRedis();
    await using log = redisFixture({}, server.url);
    const sink = new RecordingSink();
    await log.broker.tail(topic, sink);
    let published = 0;
    let running = true;
    const publishers = Array.from({ length: 100 }, async (_, p) => {
      for (let n = 0; running; n++) {
        await log.broker.publish(topic, [entry(p * 1e6 + n)]);
        published++;
      }
    });
    for (let round = 0; round < 5; round++) {
      const before = published;
      await expect.poll(() => published).toBeGreaterThan(before + 500);
      await admin(server, (redis) => redis.call('CLIENT', 'KILL', 'TYPE', 'NORMAL', 'SKIPME', 'YES'));
    }
    running = false;
    await Promise.all(publishers);
    expect((await log.broker.bounds(topic)).last).toBe(published);
    await expect.poll(() => sink.received.length, { timeout: 10_000 }).toBe(published);
    expect(new Set(sink.numbers).size).toBe(published);
  });

  test('[D1] [D4] a crash without persistence is a change of epoch', async () => {
    await using server = await startRedis();
    await using log = redisFixture({}, server.url);
    const sink = new RecordingSink();
    await log.broker.tail(topic, sink);
    await log.broker.publish(topic, entries(1, 3));
    await expect.poll(() => sink.numbers).toEqual([1, 2, 3]);
    await server.kill();
    await server.restart();
    await expect.poll(() => sink.gaps.length, { timeout: 10_000 }).toBe(1);
    await log.broker.publish(topic, [entry(4)]);
    await expect.poll(() => sink.numbers).toEqual([1, 2, 3, 4]);
    sink.expectContiguous();
    expect(sink.gaps).toMatchObject([{ lost: null, reason: 'epoch_changed' }]);
  });

  test.each([
    ['is noticed by the publisher', true],
    ['is noticed by a tail, though somebody who knew nothing published meanwhile', false],
  ])('[D1] [D4] a log that comes back without its end %s', async (_how, publisherKnows) => {
    await using server = await startRedis();
    await using log = redisFixture({ checkIntervalMs: NEVER_MS }, server.url);
    const sink = new RecordingSink();
    await log.broker.tail(topic, sink);
    await log.broker.publish(topic, entries(1, 3));
    const { epoch } = await log.broker.bounds(topic);
    await admin(server, (redis) => redis.save());
    await log.broker.publish(topic, entries(4, 6));
    await expect.poll(() => sink.numbers).toEqual([1, 2, 3, 4, 5, 6]);
    await server.kill();
    if (publisherKnows) {
      await server.restart();
    } else {
      // Back, and written to beyond what was seen before anybody who has seen it is back as well.
      await using elsewhere = await startRedis();
      expect(elsewhere.port).not.toBe(server.port);
      await server.restart();
      await admin(server, async (redis) => {
        const keys = topicKeys(log.prefix, topic);
        expect(await redis.hget(keys.meta, 'seq')).toBe('3');
        for (let seq = 4; seq <= 8; seq++) {
          const { type, id, json } = entry(seq * 100);
          await redis.xadd(keys.log, `${seq}-0`, 'at', '1', 'type', type, 'id', id, 'json', json);
        }
        await redis.hset(keys.meta, 'seq', 8);
      });
    }
    let result: { cursor: string } | undefined;
    await expect
      .poll(async () => ([result] = await log.broker.publish(topic, [entry(7)])), { timeout: 10_000 })
      .toHaveLength(1);
    expect(parseCursor(result?.cursor ?? '').epoch).not.toBe(epoch);
    await expect.poll(() => sink.numbers.at(-1), { timeout: 10_000 }).toBe(7);
    sink.expectContiguous();
    expect(sink.gaps).toMatchObject([{ from: { epoch }, lost: null, reason: 'epoch_changed' }]);
  });

  test('[D2] Redis out of memory refuses, stores nothing, goes on reading, and heals', async () => {
    await using server = await startRedis();
    await using log = redisFixture({}, server.url);
    await log.broker.publish(topic, entries(1, 3));
    const { epoch } = await log.broker.bounds(topic);
    await admin(server, (redis) => redis.config('SET', 'maxmemory', '1'));
    await expect(log.broker.publish(topic, [entry(4)])).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('OOM'),
    });
    const { records, bounds } = await log.broker.read(topic, { epoch, seq: 0 }, 10);
    expect([records.length, bounds.last]).toEqual([3, 3]);
    await admin(server, (redis) => redis.config('SET', 'maxmemory', '0'));
    const [next] = await log.broker.publish(topic, [entry(4)]);
    expect(next?.cursor).toBe(`${epoch}:4`);
  });

  test('a tail asked for while Redis is away attaches once it is there', async () => {
    await using server = await startRedis();
    await server.stop();
    await using log = redisFixture({}, server.url);
    const sink = new RecordingSink();
    const tail = log.broker.tail(topic, sink);
    await expect(log.broker.connect()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await server.restart();
    await tail;
    await log.broker.publish(topic, [entry(1)]);
    await expect.poll(() => sink.numbers).toEqual([1]);
  });

  test('a tail that waits for Redis ends with the broker', async () => {
    await using server = await startRedis();
    await server.stop();
    const broker = new RedisBroker({ url: server.url });
    const tail = broker.tail(topic, new RecordingSink());
    const closed = broker.close();
    await expect(tail).rejects.toMatchObject({ code: 'CLOSED' });
    await closed;
  });
});

describe('connect', () => {
  test('says where Redis was looked for, and nothing of the password', async () => {
    await using server = await startRedis({ args: ['--requirepass', 'right'] });
    const lines: unknown[] = [];
    const note = (fields: object, line: string) => void lines.push(fields, line);
    const logger = { debug: note, info: note, warn: note, error: note };
    const open = (url: string) => new RedisBroker({ url }, { logger });
    const right = open(`redis://:right@127.0.0.1:${server.port}`);
    await right.connect();
    await right.close();

    const wrong = open(`redis://:secret-word@127.0.0.1:${server.port}`);
    const error = await wrong.connect().then(
      () => expect.unreachable(),
      (error: Error) => error,
    );
    expect(error).toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringMatching(new RegExp(`127\\.0\\.0\\.1:${server.port}.*WRONGPASS`)),
    });
    await wrong.close();
    await server.stop();
    const away = open(`redis://:secret-word@127.0.0.1:${server.port}`);
    await expect(away.connect()).rejects.toThrow(/ECONNREFUSED/);
    await away.close();
    const { inspect } = await import('node:util');
    expect(inspect([error, lines], { depth: 10 })).not.toContain('secret-word');
  });

  test('misuse throws and names the fix', () => {
    expect(() => new RedisBroker({ url: 'localhost:6379' })).toThrow(/redis:\/\//);
    expect(() => new RedisBroker({ url: 'redis://127.0.0.1:1' }, { prefix: 'a{b}' })).toThrow(/prefix/);
  });
});

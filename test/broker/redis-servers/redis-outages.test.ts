import { setTimeout as sleep } from 'node:timers/promises';
import { type Command, Redis, type RedisOptions } from 'ioredis';
import { describe, expect, test, vi } from 'vitest';
import { startTcpProxy } from '../../../conformance/tcp-proxy.ts';
import { RedisBroker } from '../../../server/broker/redis/redis-broker.ts';
import { startRedis } from '../../setup/redis-server.ts';
import { entries, entry, RecordingSink } from '../contract/entries.ts';
import { redisFixture } from '../contract/fixtures.ts';
import { admin, expectNothingPrinted } from '../redis/redis-admin.ts';

const topic = 'run-1';

expectNothingPrinted();

describe('outages', () => {
  test('[D2] a publish rejects with UNAVAILABLE within 3 s while Redis is stopped, and succeeds afterwards', async () => {
    await using server = await startRedis({ args: ['--appendonly', 'yes'] });
    const logger = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() };
    await using log = redisFixture({ logger }, server.url);
    const sink = new RecordingSink();
    await log.broker.tail(topic, sink);
    await log.broker.publish(topic, [entry(1)]);
    await server.stop();
    for (let attempt = 0; attempt < 2; attempt++) {
      // Timers are as late as the machine is busy, but in their order.
      const late = sleep(3000, 'late', { ref: false });
      await expect(Promise.race([log.broker.publish(topic, [entry(0)]), late])).rejects.toMatchObject({
        code: 'UNAVAILABLE',
        message: expect.stringContaining(`127.0.0.1:${server.port}`),
        cause: expect.any(Error),
      });
    }
    await expect(log.broker.bounds(topic)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await server.restart();
    await expect.poll(() => log.broker.publish(topic, [entry(2)]).then(() => 'published')).toBe('published');
    await expect.poll(() => sink.numbers).toEqual([1, 2]);
    sink.expectContiguous();
    expect(sink.gaps).toEqual([]);
    // One line per connection when it goes, one when it is back.
    expect(logger.warn.mock.calls.filter(([, line]) => line.includes('cannot be reached'))).toHaveLength(2);
    expect(logger.info).toHaveBeenCalledTimes(2);
  });

  test('[D3] a publish whose connection is lost is stored once, without its caller noticing', async () => {
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
    await expect.poll(() => sink.received.length).toBe(published);
    expect(new Set(sink.numbers).size).toBe(published);
  });

  test('[D2] a call whose connection is lost several times within its time is only delayed', async () => {
    await using server = await startRedis();
    let losses = 0;
    class BreakingRedis extends Redis {
      override sendCommand(command: Command): unknown {
        if (losses === 0 || command.name !== 'evalsha') return super.sendCommand(command);
        losses--;
        this.disconnect(true);
        command.reject(new Error('Connection is closed.'));
        return command.promise;
      }
    }
    const connect = (own: RedisOptions) =>
      new BreakingRedis(server.port, '127.0.0.1', { ...own, replyMapping: 'legacy' });
    await using log = redisFixture({ timeoutMs: 20_000 }, { connect });
    await log.broker.publish(topic, [entry(1)]);
    losses = 4;
    await log.broker.publish(topic, [entry(2)]);
    expect(losses).toBe(0);
    expect((await log.broker.bounds(topic)).last).toBe(2);
  });

  test('[D1] [D4] a crash without persistence changes the epoch', async () => {
    await using server = await startRedis();
    await using log = redisFixture({}, server.url);
    const sink = new RecordingSink();
    await log.broker.tail(topic, sink);
    await log.broker.publish(topic, entries(1, 3));
    await expect.poll(() => sink.numbers).toEqual([1, 2, 3]);
    await server.kill();
    await server.restart();
    await expect.poll(() => sink.gaps.length).toBe(1);
    await log.broker.publish(topic, [entry(4)]);
    await expect.poll(() => sink.numbers).toEqual([1, 2, 3, 4]);
    sink.expectContiguous();
    expect(sink.gaps).toMatchObject([{ lost: null, reason: 'epoch_changed' }]);
  });

  test('[D2] a connection that swallows everything is noticed, and nothing hangs or is lost', async () => {
    await using server = await startRedis();
    await using proxy = await startTcpProxy(server.port);
    const url = `redis://127.0.0.1:${proxy.port}`;
    await using log = redisFixture({ timeoutMs: 2000, checkIntervalMs: 100 }, url);
    await using elsewhere = redisFixture({ prefix: log.prefix }, server.url);
    const sink = new RecordingSink();
    await log.broker.tail(topic, sink);
    await log.broker.publish(topic, [entry(1)]);
    proxy.blackhole();
    const attempts = Array.from({ length: 20 }, () => log.broker.publish(topic, [entry(0)]));
    for (const attempt of attempts) {
      await expect(attempt).rejects.toMatchObject({
        code: 'UNAVAILABLE',
        message: expect.stringContaining('no answer within 2000 ms'),
      });
    }
    await elsewhere.broker.publish(topic, [entry(2)]);
    // Given up, and made anew: those that come back to life later are not ours any more.
    await expect
      .poll(() => log.broker.publish(topic, [entry(0)]).catch((error) => String(error.message)))
      .toMatch(/ETIMEDOUT|the connection was lost|Socket timeout/);
    proxy.pass();
    await expect
      .poll(() => log.broker.publish(topic, [entry(3, 'three')]).then(() => 'published'))
      .toBe('published');
    await expect.poll(() => sink.numbers.filter((n) => n > 0)).toEqual([1, 2, 3]);
    sink.expectContiguous();
    expect(sink.gaps).toEqual([]);
  });

  test('[D3] a publish whose answer is lost is stored once', async () => {
    await using server = await startRedis();
    await using proxy = await startTcpProxy(server.port);
    await using log = redisFixture({}, `redis://127.0.0.1:${proxy.port}`);
    await using elsewhere = redisFixture({ prefix: log.prefix }, server.url);
    await log.broker.publish(topic, [entry(1)]);
    proxy.muteServer();
    const published = log.broker.publish(topic, entries(2, 4));
    await expect.poll(async () => (await elsewhere.broker.bounds(topic)).last).toBe(4);
    proxy.refuse();
    proxy.pass();
    const { epoch } = await elsewhere.broker.bounds(topic);
    expect(await published).toEqual([2, 3, 4].map((seq) => ({ cursor: `${epoch}:${seq}`, duplicate: true })));
    expect((await elsewhere.broker.bounds(topic)).last).toBe(4);
  });

  test('[D2] a Redis without memory refuses publishes, stores nothing, still reads, and recovers', async () => {
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

  test('a tail opened while Redis is away attaches once it is back', async () => {
    await using server = await startRedis();
    await server.stop();
    await using log = redisFixture({}, server.url);
    const sink = new RecordingSink();
    const tail = log.broker.tail(topic, sink);
    await expect(log.broker.connect()).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringMatching(/ECONNREFUSED.*: start Redis/),
    });
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
  test('names the address of an unreachable Redis without its password', async () => {
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
      message: expect.stringMatching(
        new RegExp(`127\\.0\\.0\\.1:${server.port}.*WRONGPASS.*correct the user and the password`),
      ),
    });
    await wrong.close();
    await server.stop();
    const away = open(`redis://:secret-word@127.0.0.1:${server.port}`);
    await expect(away.connect()).rejects.toThrow(/ECONNREFUSED/);
    await away.close();
    const { inspect } = await import('node:util');
    expect(inspect([error, lines], { depth: 10 })).not.toContain('secret-word');
  });

  test('throws an error with the fix for wrong options', () => {
    expect(() => new RedisBroker({ url: 'localhost:6379' })).toThrow(/redis:\/\//);
    expect(() => new RedisBroker({ url: 'redis://127.0.0.1:1' }, { prefix: 'a{b}' })).toThrow(/prefix/);
    expect(() => new RedisBroker({ url: 'redis://127.0.0.1:1' }, { maxAgeMs: Infinity })).toThrow(/maxAgeMs/);
  });
});

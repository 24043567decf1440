import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest';
import { indexKeys, topicKeys } from '../../../server/broker/redis/log/keys.ts';
import type { Position } from '../../../shared/cursor.ts';
import { parseCursor } from '../../../shared/cursor.ts';
import { startRedis } from '../../setup/redis-server.ts';
import { entries, entry, numbersOf, RecordingSink } from '../contract/entries.ts';
import { redisFixture } from '../contract/fixtures.ts';

const topic = 'run-1';
let redis: Redis;
beforeAll(() => {
  redis = new Redis(inject('redisUrl'));
});
afterAll(() => redis.disconnect());

/** A log with records 1…count and its keys. */
async function logOf(count: number, options: Parameters<typeof redisFixture>[0] = {}) {
  const fixture = redisFixture(options);
  if (count > 0) await fixture.broker.publish(topic, entries(1, count));
  const { epoch } = await fixture.broker.bounds(topic);
  return { ...fixture, epoch, start: { epoch, seq: 0 }, keys: topicKeys(fixture.prefix, topic) };
}

/** The fields of an entry as the broker writes them. */
function fieldsOf(n: number, json = entry(n).json): string[] {
  return ['head', `1 1 id-${n} tick`, 'json', json];
}

describe('entries that another program wrote', () => {
  test('[D2] with an XADD of its own id do not stop publishing', async () => {
    const logger = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() };
    await using log = await logOf(3, { logger });
    await Promise.all(Array.from({ length: 1200 }, () => redis.xadd(log.keys.log, '*', 'hello', 'there')));
    const [published] = await log.broker.publish(topic, [entry(4), entry(5)]);
    expect(published).toEqual({ cursor: `${log.epoch}:4`, duplicate: false });
    const { gap, records } = await log.broker.read(topic, log.start, 10);
    expect(gap).toBeNull();
    expect(numbersOf(records)).toEqual([1, 2, 3, 4, 5]);
    expect(await redis.xlen(log.keys.log)).toBe(5);
    expect(log.broker.foreignEntries).toBe(1200);
    expect(logger.warn).toHaveBeenCalledTimes(1);
    expect(logger.warn).toHaveBeenCalledWith(expect.objectContaining({ topic }), expect.any(String));
  });

  test('[D2] do not stop publishing when they were deleted, or come before the first record or at the last possible id', async () => {
    await using log = await logOf(0);
    const id = await redis.xadd(log.keys.log, '*', 'hello', 'there');
    await log.broker.publish(topic, [entry(1)]);
    const later = `${Number.parseInt(String(id), 10) + 1}-0`; // in the same ms `*` may give the first id again
    await redis.xadd(log.keys.log, later, 'hello', 'there');
    await redis.xdel(log.keys.log, later);
    await log.broker.publish(topic, [entry(2)]);
    await redis.xadd(log.keys.log, '18446744073709551615-18446744073709551615', 'the', 'end');
    await log.broker.publish(topic, [entry(3)]);
    expect(numbersOf((await log.broker.read(topic, log.start, 10)).records)).toEqual([1, 2, 3]);
  });

  test('[D2] do not stop publishing where the server refuses to set the id back', async () => {
    await using server = await startRedis({ args: ['--rename-command', 'XSETID', ''] });
    await using own = redisFixture({}, server.url);
    await own.broker.publish(topic, [entry(1), { ...entry(2), meta: '{"v":1}' }, entry(3)]);
    const { epoch } = await own.broker.bounds(topic);
    const before = await own.broker.read(topic, { epoch, seq: 0 }, 10);
    const other = new Redis(server.url);
    await other.xadd(topicKeys(own.prefix, topic).log, '*', 'hello', 'there');
    other.disconnect();
    await own.broker.publish(topic, [entry(4)]);
    const { records } = await own.broker.read(topic, { epoch, seq: 0 }, 10);
    expect(numbersOf(records)).toEqual([1, 2, 3, 4]);
    expect(records.slice(0, 3)).toEqual(before.records);
  });

  test('[D4] between records are skipped, and are no gap', async () => {
    await using log = await logOf(2);
    for (let n = 1; n <= 250; n++) await redis.xadd(log.keys.log, `2-${n}`, ...fieldsOf(99));
    await log.broker.publish(topic, entries(3, 4));
    const { gap, records } = await log.broker.read(topic, log.start, 10);
    expect(gap).toBeNull();
    expect(numbersOf(records)).toEqual([1, 2, 3, 4]);
    expect((await log.broker.read(topic, { ...log.start, seq: 2 }, 1)).records).toHaveLength(1);
    expect(await log.broker.bounds(topic)).toMatchObject({ first: 1, last: 4 });
    expect(await log.broker.seek(topic, 2)).toEqual(log.start);
  });

  test('[D4] in the place of the next record are not delivered, and give way to it', async () => {
    await using log = await logOf(2);
    await redis.xadd(log.keys.log, '3-0', ...fieldsOf(99));
    const { bounds, records } = await log.broker.read(topic, log.start, 10);
    expect(numbersOf(records)).toEqual([1, 2]);
    expect(bounds.last).toBe(2);
    await log.broker.publish(topic, [entry(3)]);
    expect(numbersOf((await log.broker.read(topic, log.start, 10)).records)).toEqual([1, 2, 3]);
  });

  test('[D4] are invisible to a tail', async () => {
    await using log = await logOf(2);
    const sink = new RecordingSink();
    await log.broker.tail(topic, sink);
    await redis.xadd(log.keys.log, '*', 'hello', 'there');
    await log.broker.publish(topic, [entry(3)]);
    await redis.xadd(log.keys.log, '*', 'hello', 'there');
    await log.another().publish(topic, [entry(4)]);
    await expect.poll(() => sink.numbers).toEqual([3, 4]);
    sink.expectContiguous();
    expect(sink.gaps).toEqual([]);
  });

  test.each([
    ['invalid JSON', fieldsOf(2, 'not json')],
    ['half of the JSON', fieldsOf(2, '{"event_type":"tick","da')],
    ['JSON that is no object', fieldsOf(2, '"text"')],
    ['missing fields', ['head', '1 1 id-2 tick']],
    ['no type', ['head', '1 1 id-2', ...fieldsOf(2).slice(2)]],
    ['no time', ['head', 'now 1 id-2 tick', ...fieldsOf(2).slice(2)]],
    ['an invalid id', ['head', '1 1 \\x tick', ...fieldsOf(2).slice(2)]],
    ['invalid annotations', [...fieldsOf(2), 'meta', 'x']],
  ])('[D4] with %s are a gap of one record', async (_what, fields) => {
    await using log = await logOf(3);
    const [first, , third] = await redis.xrange(log.keys.log, '-', '+');
    await redis.del(log.keys.log);
    await redis.xadd(log.keys.log, '1-0', ...(first?.[1] ?? []));
    await redis.xadd(log.keys.log, '2-0', ...fields);
    await redis.xadd(log.keys.log, '3-0', ...(third?.[1] ?? []));
    const page = await log.broker.read(topic, log.start, 10);
    expect(page.gap).toBeNull();
    expect(numbersOf(page.records)).toEqual([1]);
    const next = await log.broker.read(topic, { ...log.start, seq: 1 }, 10);
    expect(next.gap).toEqual({
      from: { ...log.start, seq: 1 },
      to: { ...log.start, seq: 2 },
      lost: 1,
      reason: 'dropped',
    });
    expect(numbersOf(next.records)).toEqual([3]);
    expect(log.broker.foreignEntries).toBeGreaterThan(0);
  });
});

describe('a hole', () => {
  /** Everything that reading from a position brings: numbers, and gaps as text. */
  async function readAll(log: Awaited<ReturnType<typeof logOf>>, after: Position, limit = 10) {
    const seen: (number | string)[] = [];
    for (let end = after; ; ) {
      const { gap, records } = await log.broker.read(topic, end, limit);
      if (gap) seen.push(`${gap.reason} ${gap.from.seq}-${gap.to.seq} lost ${gap.lost}`);
      seen.push(...numbersOf(records));
      const next = records.at(-1) ?? gap?.to;
      if (!next) return seen;
      end = next;
    }
  }

  test('[D4] is told as a gap when an operator deleted records in the middle', async () => {
    await using log = await logOf(10);
    await redis.xdel(log.keys.log, '4-0', '5-0', '8-0');
    const all = [1, 2, 3, 'dropped 3-5 lost 2', 6, 7, 'dropped 7-8 lost 1', 9, 10];
    expect(await readAll(log, log.start)).toEqual(all);
    expect(await readAll(log, log.start, 1)).toEqual(all);
    expect(await readAll(log, { ...log.start, seq: 4 })).toEqual(['dropped 4-5 lost 1', ...all.slice(4)]);
  });

  test('[D4] is told as a gap when records were deleted at the ends', async () => {
    await using log = await logOf(6);
    await redis.xdel(log.keys.log, '1-0', '2-0', '6-0');
    expect(await readAll(log, log.start)).toEqual(['trimmed 0-2 lost 2', 3, 4, 5, 'dropped 5-6 lost 1']);
    await log.broker.publish(topic, [entry(7)]);
    expect(await readAll(log, log.start, 3)).toEqual([
      'trimmed 0-2 lost 2',
      3,
      4,
      5,
      'dropped 5-6 lost 1',
      7,
    ]);
  });

  test('[D4] is told as a trimmed range when the whole log was deleted, which goes on in its epoch', async () => {
    await using log = await logOf(3);
    await redis.del(log.keys.log);
    expect(await readAll(log, log.start)).toEqual(['trimmed 0-3 lost 3']);
    const [next] = await log.broker.publish(topic, [entry(4)]);
    expect(next?.cursor).toBe(`${log.epoch}:4`);
  });
});

describe('retention', () => {
  test('[D1] puts all keys of a topic under one hash tag, lets them expire, and keeps the epoch longer than the log', async () => {
    await using log = await logOf(3, { maxAgeMs: 60_000 });
    const { topics, kept } = indexKeys(log.prefix);
    for (const key of [topics, kept]) expect(await redis.pttl(key)).toBeGreaterThan(60_000);
    const keys = (await redis.keys(`${log.prefix}:*`)).filter((key) => key !== topics && key !== kept);
    expect(keys.toSorted()).toEqual([log.keys.ids, log.keys.log, log.keys.meta].toSorted());
    for (const key of keys) expect(key).toMatch(new RegExp(`^${log.prefix}:\\{run-1\\}:`));
    const [ttl, metaTtl, idsTtl] = await Promise.all([
      redis.pttl(log.keys.log),
      redis.pttl(log.keys.meta),
      redis.pttl(log.keys.ids),
    ]);
    expect(ttl).toBeGreaterThan(59_000);
    expect(ttl).toBeLessThan(62_000);
    expect(metaTtl).toBeGreaterThan(ttl);
    expect(idsTtl).toBeGreaterThan(5 * 60_000);
    await redis.persist(log.keys.log);
    await log.broker.publish(topic, [entry(4)]);
    expect(await redis.pttl(log.keys.log)).toBeGreaterThan(59_000);
    await redis.pexpire(log.keys.log, 1);
    await expect.poll(() => redis.exists(log.keys.log)).toBe(0);
    const { gap, bounds } = await log.broker.read(topic, log.start, 10);
    expect(bounds).toEqual({ epoch: log.epoch, first: 5, last: 4 });
    expect(gap).toMatchObject({ lost: 4, reason: 'trimmed' });
  });

  test('[D1] remembers a name that is only asked for for an hour, and a topic for days', async () => {
    await using log = await logOf(0);
    const hour = 60 * 60_000;
    const ttl = () => redis.pttl(log.keys.meta);
    expect(await ttl()).toBeGreaterThan(hour - 60_000);
    expect(await ttl()).toBeLessThanOrEqual(hour);
    await redis.pexpire(log.keys.meta, hour / 4);
    expect(await log.broker.bounds(topic)).toMatchObject({ epoch: log.epoch }); // asked for again
    expect(await ttl()).toBeGreaterThan(hour - 60_000);
    await log.broker.publish(topic, [entry(1)]);
    expect(await ttl()).toBeGreaterThan(7 * 24 * hour);
  });

  test('[D3] remembers an id for at least five minutes, then forgets it', async () => {
    await using log = await logOf(0);
    await log.broker.publish(topic, [entry(1, 'a')]);
    const minutesPass = (minutes: number) => redis.hincrby(log.keys.meta, 'rotateAt', -minutes * 60_000);
    await minutesPass(4.9);
    await log.broker.publish(topic, [entry(2, 'b')]);
    await minutesPass(0.2);
    await log.broker.publish(topic, [entry(3, 'c')]);
    const again = await log.broker.publish(topic, [entry(4, 'a'), entry(5, 'b'), entry(6, 'c')]);
    expect(again.map(({ duplicate }) => duplicate)).toEqual([true, true, true]);
    await minutesPass(5.1);
    const [a, b, c] = await log.broker.publish(topic, [entry(7, 'd'), entry(8, 'c'), entry(9, 'a')]);
    expect([a, b, c].map((result) => result?.duplicate)).toEqual([false, true, true]);
    const [late] = await log.broker.publish(topic, [entry(10, 'a')]);
    expect(late).toEqual({ cursor: `${log.epoch}:5`, duplicate: false });
    expect(await redis.pttl(log.keys.olderIds)).toBeGreaterThan(0);
  });

  test('[D1] keeps the log in order when the clock of Redis is set back by an hour', async () => {
    await using log = await logOf(1);
    const hourAhead = Date.now() + 3_600_000;
    await redis.hset(log.keys.meta, 'at', hourAhead);
    await log.broker.publish(topic, entries(2, 3));
    const { records } = await log.broker.read(topic, log.start, 10);
    expect(records.map(({ at }) => at).slice(1)).toEqual([hourAhead, hourAhead]);
    expect(await log.broker.seek(topic, hourAhead)).toMatchObject({ seq: 1 });
  });

  test('[D4] trims a busy topic by age as well', async () => {
    await using log = await logOf(0, { maxAgeMs: 200 });
    let last = 0;
    let page = await log.broker.read(topic, log.start, 1000);
    let length = 0;
    // The log is gone 220 ms after a publish: what is asked of it comes from a round in which it was there to the end.
    await expect
      .poll(
        async () => {
          await log.broker.publish(topic, [entry(++last)]);
          page = await log.broker.read(topic, log.start, 1000);
          length = await redis.xlen(log.keys.log);
          return length > 0 && page.records.length > 0 && page.bounds.first > 10;
        },
        { interval: 5 },
      )
      .toBe(true);
    const { records, bounds } = page;
    const [oldest, newest] = [records[0], records.at(-1)];
    expect(oldest?.seq).toBe(bounds.first);
    // By age, and by nothing else: what is left is not older, give or take the pause between two trims.
    expect((newest?.at ?? 0) - (oldest?.at ?? 0)).toBeLessThan(200 + 20 + 200);
    expect(length).toBe(records.length);
  });
});

test('[D1] the epoch is created once, however many ask for it at the same time', async () => {
  await using log = redisFixture();
  const brokers = Array.from({ length: 5 }, () => log.another());
  const answers = await Promise.all([
    ...brokers.map(async (broker) => (await broker.bounds(topic)).epoch),
    ...brokers.map(async (broker, n) => {
      const [result] = await broker.publish(topic, [entry(n)]);
      return parseCursor(result?.cursor ?? '').epoch;
    }),
  ]);
  expect(new Set(answers).size).toBe(1);
});

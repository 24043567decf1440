import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import { IDEMPOTENCY_MS } from '../../server/broker/broker.ts';
import { MemoryBroker } from '../../server/broker/memory-broker.ts';
import { MAX_EMPTY_TOPICS } from '../../server/broker/retention/retention.ts';
import type { LogEntry } from '../../shared/log.ts';
import { liveBytes } from '../support/garbage.ts';
import { entries, entry, numbersOf, RecordingSink } from './contract/entries.ts';

const KIB = 1024;

/** An entry that takes about so many bytes. */
function sized(n: number, bytes: number): LogEntry {
  const small = entry(n);
  return { ...small, json: small.json.replace('{', `{"padding":"${'x'.repeat(bytes)}",`) };
}

/** A broker whose time, that of ids too, a test rules over. */
function timedBroker(options: ConstructorParameters<typeof MemoryBroker>[0]) {
  let now = Date.now();
  let elapsed = 0;
  const spy = vi.spyOn(performance, 'now').mockImplementation(() => elapsed);
  const broker = new MemoryBroker({ ...options, now: () => now });
  return {
    broker,
    passTime(ms: number) {
      now += ms;
      elapsed += ms;
    },
    async [Symbol.asyncDispose]() {
      spy.mockRestore();
      await broker.close();
    },
  };
}

/** Publishes one record to each of many topics. */
async function publishToEach(broker: MemoryBroker, prefix: string, count: number): Promise<void> {
  for (let n = 0; n < count; n++) await broker.publish(`${prefix}-${n}`, [entry(n)]);
}

describe('the bound for all topics together', () => {
  test('[D4] makes the largest topic lose its oldest records with a gap, and leaves the others alone', async () => {
    const broker = new MemoryBroker({ maxTotalBytes: 100 * KIB });
    await broker.publish('small', entries(1, 5));
    const small = await broker.bounds('small');
    const { epoch } = await broker.bounds('large');
    for (let n = 1; n <= 50; n++) await broker.publish('large', [sized(n, 4 * KIB)]);
    expect(await broker.bounds('small')).toEqual(small);
    const { gap, records, bounds } = await broker.read('large', { epoch, seq: 1 }, 100);
    expect(bounds.last).toBe(50);
    expect(bounds.first).toBeGreaterThan(20);
    expect(bounds.first).toBeLessThan(40);
    expect(gap).toEqual({
      from: { epoch, seq: 1 },
      to: { epoch, seq: bounds.first - 1 },
      lost: bounds.first - 2,
      reason: 'trimmed',
    });
    expect(numbersOf(records)).toEqual(Array.from({ length: 51 - bounds.first }, (_, i) => bounds.first + i));
    await broker.close();
  });

  test.each([
    ['records', 50, 300],
    ['topics', 8_000, 1],
  ])('keeps memory bounded under an endless publisher of many %s', async (_, topics, each) => {
    const fill = async (maxTotalBytes: number): Promise<number> => {
      const broker = new MemoryBroker({ maxTotalBytes });
      const before = liveBytes();
      for (let n = 0; n < topics; n++) {
        for (let r = 0; r < each; r++) await broker.publish(`topic-${n}`, [sized(r, KIB)]);
      }
      const grown = liveBytes() - before;
      await broker.close(); // until here it lives
      return grown;
    };
    const bound = 4 * KIB * KIB;
    expect(await fill(bound)).toBeLessThan(2 * bound);
    // Control: it is the bound that does it.
    expect(await fill(Number.MAX_SAFE_INTEGER)).toBeGreaterThan(4 * bound);
  });

  test('[D3] drops an idempotency key whose record is gone before it drops a record', async () => {
    const broker = new MemoryBroker({ maxTotalBytes: 30 * KIB, maxRecords: 2 });
    await broker.publish('t', [entry(1, 'first')]);
    for (let n = 2; n <= 200; n++) await broker.publish('t', [entry(n, `key-${n}`)]);
    const isDuplicate = async (id: string) => (await broker.publish('t', [entry(0, id)]))[0]?.duplicate;
    expect(await isDuplicate('key-200')).toBe(true);
    expect(await isDuplicate('key-150')).toBe(true);
    expect((await broker.bounds('t')).first).toBe(199);
    expect(await isDuplicate('first')).toBe(false);
    await broker.close();
  });
});

describe('a flood of topics', () => {
  test('[D1] [D3] without records loses its own topics and keys first, and the topics published to last keep theirs', async () => {
    const [TOPICS, KEPT] = [12_000, 3500];
    const broker = new MemoryBroker({ maxTotalBytes: 8 * KIB * KIB });
    const { epoch } = await broker.bounds('flood-0');
    const retained: number[] = [];
    const lacking: string[] = []; // what was just published
    for (let n = 0; n < TOPICS; n++) {
      const topic = `flood-${n}`;
      await broker.publish(topic, [entry(n, `key-${n}`)]);
      const { first, last } = await broker.bounds(topic);
      if (last !== first) lacking.push(topic);
    }
    expect(lacking).toEqual([]);
    for (let n = 0; n < TOPICS; n++) {
      const { first, last } = await broker.bounds(`flood-${n}`);
      if (last >= first) retained.push(n);
    }
    expect(retained.length).toBeGreaterThan(KEPT);
    expect(retained).toEqual(Array.from(retained, (_, i) => TOPICS - retained.length + i));
    expect((await broker.publish(`flood-${TOPICS - 1}`, [entry(0, `key-${TOPICS - 1}`)]))[0]?.duplicate).toBe(
      true,
    );
    // Control: not all of them have room. One that had to go is forgotten with its epoch and its key.
    expect(retained.length).toBeLessThan(TOPICS / 2);
    expect((await broker.read('flood-0', { epoch, seq: 1 }, 1)).gap).toMatchObject({
      reason: 'epoch_changed',
    });
    expect((await broker.publish('flood-0', [entry(0, 'key-0')]))[0]).toMatchObject({
      duplicate: false,
      cursor: expect.not.stringContaining(epoch),
    });
    await broker.close();
  });

  test('with large events loses its own earlier events first, and small topics keep theirs', async () => {
    const broker = new MemoryBroker({ maxTotalBytes: 200 * KIB });
    await publishToEach(broker, 'small', 50); // about 100 KiB
    for (let n = 0; n < 100; n++) {
      await broker.publish(`large-${n}`, [sized(n, 60 * KIB)]);
      expect(await broker.bounds(`large-${n}`)).toMatchObject({ first: 1, last: 1 });
    }
    for (let n = 0; n < 50; n++)
      expect(await broker.bounds(`small-${n}`)).toMatchObject({ first: 1, last: 1 });
    // Control: one that is not the last had to go.
    expect((await broker.bounds('large-50')).last).toBe(0);
    await broker.close();
  });

  test('[D3] consisting of keys alone loses keys before others lose records, from the largest topic first', async () => {
    await using timed = timedBroker({ maxAgeMs: 1000, maxTotalBytes: 200 * KIB });
    const { broker, passTime } = timed;
    const isDuplicate = async (topic: string, id: string) =>
      (await broker.publish(topic, [entry(0, id)]))[0]?.duplicate;
    await broker.publish('few-keys', [entry(1, 'few')]);
    for (let n = 0; n < 300; n++) await broker.publish('many-keys', [entry(n, `key-${n}`)]);
    passTime(1001); // the records are too old, the keys are not
    for (let n = 0; n < 300; n++) await broker.publish('records', [entry(n, `record-${n}`)]);
    expect((await broker.bounds('records')).first).toBe(1);
    expect(await isDuplicate('few-keys', 'few')).toBe(true);
    expect(await isDuplicate('many-keys', 'key-0')).toBe(false);
  });
});

describe('topics that nobody publishes to any more', () => {
  const maxAgeMs = 1000;
  /** More than the time that records and ids are kept. */
  const AGES_MS = IDEMPOTENCY_MS + maxAgeMs + 1;

  test('[D1] keep their positions when their records have grown too old: nothing is lost or numbered twice', async () => {
    await using timed = timedBroker({ maxAgeMs });
    const { broker, passTime } = timed;
    await broker.publish('idle', entries(1, 3));
    const { epoch } = await broker.bounds('idle');
    passTime(AGES_MS);
    await publishToEach(broker, 'other', 100);
    expect(await broker.bounds('idle')).toEqual({ epoch, first: 4, last: 3 });
    expect((await broker.read('idle', { epoch, seq: 3 }, 10)).gap).toBeNull();
    expect((await broker.read('idle', { epoch, seq: 1 }, 10)).gap).toMatchObject({
      lost: 2,
      reason: 'trimmed',
    });
    expect((await broker.publish('idle', [entry(4)]))[0]?.cursor).toBe(`${epoch}:4`);
  });

  test('[D1] [D4] are forgotten beyond the number that is remembered, and begin a new epoch, which subscribers that resume are told', async () => {
    await using timed = timedBroker({ maxAgeMs });
    const { broker, passTime } = timed;
    await broker.publish('idle', entries(1, 3));
    const { epoch } = await broker.bounds('idle');
    passTime(AGES_MS);
    await publishToEach(broker, 'other', MAX_EMPTY_TOPICS); // the first of them finds that `idle` is empty
    passTime(AGES_MS);
    await publishToEach(broker, 'more', MAX_EMPTY_TOPICS + 10); // each looks through two: once round, at least
    const { gap } = await broker.read('idle', { epoch, seq: 3 }, 10);
    expect(gap).toMatchObject({ from: { epoch, seq: 3 }, lost: null, reason: 'epoch_changed' });
    const [again] = await broker.publish('idle', entries(4, 9));
    expect(again?.cursor).not.toContain(epoch);
    // Its numbers go past the one that was seen, and it is told all the same.
    const resumed = await broker.read('idle', { epoch, seq: 3 }, 10);
    expect(resumed.gap).toMatchObject({ reason: 'epoch_changed' });
    expect(numbersOf(resumed.records)).toEqual([4, 5, 6, 7, 8, 9]);
  });

  test('[D4] are not forgotten while somebody follows them', async () => {
    await using timed = timedBroker({ maxAgeMs, maxTotalBytes: 100 * KIB });
    const { broker, passTime } = timed;
    const [written, unwritten] = [new RecordingSink(), new RecordingSink()];
    await broker.publish('written', [entry(1)]);
    const tail = await broker.tail('written', written);
    await broker.tail('unwritten', unwritten);
    passTime(AGES_MS);
    await publishToEach(broker, 'other', 5000); // all but the last are forgotten
    for (const topic of ['written', 'unwritten']) await broker.publish(topic, [entry(2)]);
    for (const sink of [written, unwritten]) {
      sink.expectContiguous();
      expect(sink.numbers).toEqual([2]);
    }
    // Control: once it is followed no longer, it is one of the others.
    tail.close();
    const { epoch } = await broker.bounds('written');
    passTime(AGES_MS);
    await publishToEach(broker, 'other', 5000);
    expect((await broker.bounds('written')).epoch).not.toBe(epoch);
  });

  test('leave no name with followers of the list of topics once they are gone', async () => {
    const broker = new MemoryBroker({ maxTotalBytes: 100 * KIB });
    let told = 0;
    await broker.topics((names) => {
      told += names.length;
    });
    const NAMES = 30_000;
    await publishToEach(broker, 'a', NAMES / 2);
    const before = liveBytes();
    await publishToEach(broker, 'b', NAMES / 2);
    await sleep(0);
    expect(told).toBe(NAMES);
    expect((liveBytes() - before) / (NAMES / 2)).toBeLessThan(50);
    await broker.close();
  });
});

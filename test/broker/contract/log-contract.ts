import { describe, expect, test } from 'vitest';
import { READ_CHARS } from '../../../server/broker/broker.ts';
import { formatCursor, parseCursor } from '../../../shared/cursor.ts';
import type { LogEntry } from '../../../shared/log.ts';
import { allRecords, entries, entry, numbersOf } from './entries.ts';
import type { BrokerKind } from './fixtures.ts';

const topic = 'run-1';

/** Contract of every broker's log: see the comments of Broker. */
export function describeLog({ open }: BrokerKind): void {
  describe('publish and read', () => {
    test('[D1] sequence numbers begin at 1, are contiguous, and are the cursors', async () => {
      await using log = await open();
      const published = [
        await log.broker.publish(topic, [entry(1)]),
        await log.broker.publish(topic, entries(2, 3)),
      ].flat();
      const { epoch } = await log.broker.bounds(topic);
      expect(published).toEqual(
        [1, 2, 3].map((seq) => ({ cursor: formatCursor({ epoch, seq }), duplicate: false })),
      );
      const { records, bounds, gap } = await log.broker.read(topic, { epoch, seq: 0 }, 10);
      expect(gap).toBeNull();
      expect(bounds).toEqual({ epoch, first: 1, last: 3 });
      expect(records.map(({ cursor }) => cursor)).toEqual(published.map(({ cursor }) => cursor));
      expect(records.map(({ epoch, seq }) => formatCursor({ epoch, seq }))).toEqual(
        records.map(({ cursor }) => cursor),
      );
    });

    test('[D2] a record is read as it was published, whatever its id, text and version [V1] are', async () => {
      await using log = await open();
      const plain = entry(1, 'line\nbreak "quoted" \\ \ud800 ü 漢 😀 \u2028');
      const rich = {
        ...entry(2),
        json: '{"event_type":"tick","data":"ü 漢 😀 \\n"}',
        meta: '{"values":{"data":["Date"]}}',
      };
      const raised = { ...entry(3), version: 12 };
      await log.broker.publish(topic, [plain, rich, raised]);
      const { epoch } = await log.broker.bounds(topic);
      const { records } = await log.broker.read(topic, { epoch, seq: 0 }, 10);
      expect(records).toEqual([
        { ...plain, epoch, seq: 1, cursor: `${epoch}:1`, at: expect.any(Number) },
        { ...rich, epoch, seq: 2, cursor: `${epoch}:2`, at: expect.any(Number) },
        { ...raised, epoch, seq: 3, cursor: `${epoch}:3`, at: expect.any(Number) },
      ]);
    });

    test('[D1] times never decrease', async () => {
      await using log = await open();
      for (let n = 1; n <= 5; n++) {
        await log.broker.publish(topic, [entry(n)]);
        log.passTime(n % 2 === 0 ? -5000 : 10);
      }
      const { epoch } = await log.broker.bounds(topic);
      const { records } = await log.broker.read(topic, { epoch, seq: 0 }, 10);
      const times = records.map(({ at }) => at);
      expect(times).toHaveLength(5);
      expect(times).toEqual(times.toSorted((a, b) => a - b));
    });

    test('[D2] a batch is numbered contiguously while others publish', async () => {
      await using log = await open();
      const publishers = [log.broker, log.another(), log.another()];
      const batches = await Promise.all(
        Array.from({ length: 60 }, (_, n) =>
          publishers[n % publishers.length]?.publish(topic, entries(n * 10, n * 10 + 4)),
        ),
      );
      const seqs = batches.map((batch) => (batch ?? []).map(({ cursor }) => parseCursor(cursor).seq));
      for (const [first = 0, ...rest] of seqs) {
        expect(rest).toEqual([first + 1, first + 2, first + 3, first + 4]);
      }
      expect(seqs.flat().toSorted((a, b) => a - b)).toEqual(Array.from({ length: 300 }, (_, i) => i + 1));
    });

    test('publishes keep their order when they are not awaited', async () => {
      await using log = await open();
      await Promise.all(entries(1, 400).map((each) => log.broker.publish(topic, [each])));
      const { epoch } = await log.broker.bounds(topic);
      const { records } = await log.broker.read(topic, { epoch, seq: 0 }, 1000);
      expect(numbersOf(records)).toEqual(Array.from({ length: 400 }, (_, i) => i + 1));
    });

    test('a batch may be large', async () => {
      await using log = await open();
      const results = await log.broker.publish(topic, entries(1, 9000));
      expect(results).toHaveLength(9000);
      expect((await log.broker.bounds(topic)).last).toBe(9000);
      const numbers = numbersOf(await allRecords(log.broker, topic));
      expect(numbers).toEqual(Array.from({ length: 9000 }, (_, i) => i + 1));
    });

    test('an empty publish stores nothing', async () => {
      await using log = await open();
      expect(await log.broker.publish(topic, [])).toEqual([]);
      expect((await log.broker.bounds(topic)).last).toBe(0);
    });

    test('each topic has a log of its own', async () => {
      await using log = await open();
      await log.broker.publish('a', [entry(1)]);
      await log.broker.publish('b', [entry(2), entry(3)]);
      const [a, b] = [await log.broker.bounds('a'), await log.broker.bounds('b')];
      expect([a.last, b.last]).toEqual([1, 2]);
      expect(a.epoch).not.toBe(b.epoch);
    });
  });

  describe('idempotency', () => {
    test('[D3] a known id stores nothing, and is answered with the first cursor', async () => {
      await using log = await open();
      const [first] = await log.broker.publish(topic, [entry(1, 'key')]);
      await log.broker.publish(topic, [entry(2)]);
      const [again] = await log.another().publish(topic, [entry(3, 'key')]);
      expect(again).toEqual({ cursor: first?.cursor, duplicate: true });
      expect((await log.broker.bounds(topic)).last).toBe(2);
    });

    test('[D3] the second of two equal ids in one batch is the duplicate', async () => {
      await using log = await open();
      const results = await log.broker.publish(topic, [
        entry(1, 'a'),
        entry(2, 'b'),
        entry(3, 'a'),
        entry(4),
      ]);
      const { epoch, last } = await log.broker.bounds(topic);
      expect(results).toEqual([
        { cursor: `${epoch}:1`, duplicate: false },
        { cursor: `${epoch}:2`, duplicate: false },
        { cursor: `${epoch}:1`, duplicate: true },
        { cursor: `${epoch}:3`, duplicate: false },
      ]);
      expect(last).toBe(3);
    });

    test('[D3] only one of many simultaneous publishes of one id is stored', async () => {
      await using log = await open();
      const publishers = [log.broker, log.another()];
      const results = await Promise.all(
        Array.from({ length: 40 }, (_, n) => publishers[n % 2]?.publish(topic, [entry(n, 'same')])),
      );
      const flat = results.flatMap((result) => result ?? []);
      expect(flat.filter(({ duplicate }) => !duplicate)).toHaveLength(1);
      expect(new Set(flat.map(({ cursor }) => cursor)).size).toBe(1);
      expect((await log.broker.bounds(topic)).last).toBe(1);
    });

    test('[D3] ids are remembered per topic', async () => {
      await using log = await open();
      await log.broker.publish('a', [entry(1, 'key')]);
      const [other] = await log.broker.publish('b', [entry(1, 'key')]);
      expect(other?.duplicate).toBe(false);
    });
  });

  describe('read', () => {
    test('[D4] begins right after the position, and ends at the limit', async () => {
      await using log = await open();
      await log.broker.publish(topic, entries(1, 10));
      const { epoch } = await log.broker.bounds(topic);
      const page = async (seq: number, limit: number) =>
        numbersOf((await log.broker.read(topic, { epoch, seq }, limit)).records);
      expect(await page(0, 3)).toEqual([1, 2, 3]);
      expect(await page(3, 1)).toEqual([4]);
      expect(await page(8, 5)).toEqual([9, 10]);
      expect(await page(10, 5)).toEqual([]);
    });

    test('[D9] ends with the record that makes the page large, and returns at least one', async () => {
      await using log = await open();
      const sized = (n: number, chars: number): LogEntry => {
        const small = entry(n);
        return { ...small, json: small.json.replace('{', `{"padding":"${'x'.repeat(chars)}",`) };
      };
      const sizes = [0.4, 0.4, 0.4, 0.1, 2, 0.1];
      await log.broker.publish(
        topic,
        sizes.map((part, index) => sized(index + 1, part * READ_CHARS)),
      );
      const { epoch } = await log.broker.bounds(topic);
      const page = async (seq: number) =>
        numbersOf((await log.broker.read(topic, { epoch, seq }, 10)).records);
      expect(await page(0)).toEqual([1, 2, 3]);
      expect(await page(3)).toEqual([4, 5]);
      expect(await page(4)).toEqual([5]);
      expect(await page(5)).toEqual([6]);
    });

    test('[D1] finds a topic without records empty, with an epoch that stays', async () => {
      await using log = await open();
      const bounds = await log.broker.bounds(topic);
      expect(bounds).toEqual({ epoch: expect.stringMatching(/^[A-Za-z0-9]{1,32}$/), first: 1, last: 0 });
      const start = { epoch: bounds.epoch, seq: 0 };
      expect(await log.another().read(topic, start, 10)).toMatchObject({ gap: null, records: [], bounds });
      expect(await log.broker.seek(topic, 0)).toEqual(start);
      const [first] = await log.another().publish(topic, [entry(1)]);
      expect(first?.cursor).toBe(`${bounds.epoch}:1`);
    });

    test('[D4] tells a gap before the oldest record for a cursor of another epoch', async () => {
      await using log = await open({ maxRecords: 2 });
      await log.broker.publish(topic, entries(1, 5));
      const { epoch } = await log.broker.bounds(topic);
      const { gap, records } = await log.broker.read(topic, { epoch: 'gone', seq: 99 }, 10);
      expect(gap).toEqual({
        from: { epoch: 'gone', seq: 99 },
        to: { epoch, seq: 3 },
        lost: null,
        reason: 'epoch_changed',
      });
      expect(numbersOf(records)).toEqual([4, 5]);
    });

    test('[D4] tells a gap for a cursor ahead of its log, and repeats nothing', async () => {
      await using log = await open();
      await log.broker.publish(topic, entries(1, 3));
      const { epoch } = await log.broker.bounds(topic);
      for (const seq of [4, Number.MAX_SAFE_INTEGER]) {
        const { gap, records } = await log.broker.read(topic, { epoch, seq }, 10);
        expect(gap).toEqual({
          from: { epoch, seq },
          to: { epoch, seq: 3 },
          lost: null,
          reason: 'epoch_changed',
        });
        expect(records).toEqual([]);
      }
      expect((await log.broker.bounds(topic)).epoch).toBe(epoch);
    });
  });

  describe('seek', () => {
    test('finds the position before the first record appended at or after a time', async () => {
      await using log = await open();
      for (let n = 1; n <= 20; n++) {
        await log.broker.publish(topic, [entry(n)]);
        log.passTime(n % 3);
      }
      const { epoch } = await log.broker.bounds(topic);
      const { records } = await log.broker.read(topic, { epoch, seq: 0 }, 20);
      for (const { at } of records) {
        const expected = records.findIndex((other) => other.at >= at);
        expect(await log.broker.seek(topic, at)).toEqual({ epoch, seq: expected });
      }
      expect(await log.broker.seek(topic, 0)).toEqual({ epoch, seq: 0 });
      expect(await log.broker.seek(topic, (records.at(-1)?.at ?? 0) + 1)).toEqual({ epoch, seq: 20 });
    });

    test('finds the oldest record when the time is before it', async () => {
      await using log = await open({ maxRecords: 5 });
      await log.broker.publish(topic, entries(1, 12));
      expect(await log.broker.seek(topic, 0)).toMatchObject({ seq: 7 });
    });
  });
}

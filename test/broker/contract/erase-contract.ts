import { describe, expect, test } from 'vitest';
import type { Broker } from '../../../server/broker/broker.ts';
import type { LogEntry } from '../../../shared/log.ts';
import { entries, entry, numbersOf, RecordingSink } from './entries.ts';
import type { BrokerKind } from './fixtures.ts';

const topic = 'run-1';

/** A notice of an erasing, as a broker sees it: an entry like any other. */
function notice(id: string): LogEntry {
  return { type: 'log.erased', id, json: '{"data":{}}' };
}

async function readAll(broker: Broker, limit = 100) {
  const { epoch } = await broker.bounds(topic);
  return broker.read(topic, { epoch, seq: 0 }, limit);
}

/** Contract of every broker's erasing [V7]: see the comments of Broker. */
export function describeErase({ open }: BrokerKind): void {
  describe('erase', () => {
    test('[V7] takes the content of records out, keeps their places, and appends the notices', async () => {
      await using log = await open();
      const rich = { ...entry(3), meta: '{"values":{"data":["Date"]}}', version: 2 };
      const published = [entry(1), entry(2), rich, entry(4)];
      await log.broker.publish(topic, published);
      const { epoch, ...bounds } = await log.broker.bounds(topic);
      expect(bounds).toEqual({ first: 1, last: 4 });
      const before = await readAll(log.broker);
      expect(await log.another().erase(topic, epoch, [2, 3], [notice('n')])).toBe(2);
      expect(await log.broker.bounds(topic)).toEqual({ epoch, first: 1, last: 5, erased: 5 });
      const { gap, records } = await readAll(log.broker);
      expect(gap).toBeNull();
      expect(records.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5]);
      for (const [index, { type, id, version }] of published.entries()) {
        const { at, cursor } = before.records[index] ?? {};
        expect(records[index]).toMatchObject({ type, id, at, cursor });
        expect(records[index]?.version).toBe(version);
      }
      const [first, second, third, fourth, last] = records;
      for (const erased of [second, third]) {
        expect(erased).toMatchObject({ json: '', erased: true });
        expect(erased?.meta).toBeUndefined();
      }
      for (const kept of [first, fourth, last]) expect(kept).not.toHaveProperty('erased');
      expect(numbersOf([first, fourth].flatMap((kept) => kept ?? []))).toEqual([1, 4]);
      expect(last).toMatchObject(notice('n'));
    });

    test('[V7] tells whoever follows the notices, in their place', async () => {
      await using log = await open();
      const sink = new RecordingSink();
      await log.another().tail(topic, sink);
      await log.broker.publish(topic, entries(1, 3));
      const { epoch } = await log.broker.bounds(topic);
      await log.broker.erase(topic, epoch, [1], [notice('a'), notice('b')]);
      await log.broker.publish(topic, [entry(4)]);
      await expect.poll(() => sink.received.length).toBe(6);
      expect(sink.received.slice(3, 5).map(({ id }) => id)).toEqual(['a', 'b']);
      sink.expectContiguous();
    });

    test('[V7] erases nothing and appends nothing where nothing is to be erased', async () => {
      await using log = await open({ maxRecords: 3 });
      const { epoch: empty } = await log.broker.bounds(topic);
      expect(await log.broker.erase(topic, empty, [1], [notice('0')])).toBe(0);
      await log.broker.publish(topic, entries(1, 4));
      const { epoch } = await log.broker.bounds(topic);
      const nothing = [
        await log.broker.erase(topic, 'another', [2], [notice('a')]),
        await log.broker.erase(topic, epoch, [], [notice('b')]),
        await log.broker.erase(topic, epoch, [1], [notice('c')]), // trimmed
        await log.broker.erase(topic, epoch, [5, 99], [notice('d')]),
      ];
      expect(nothing).toEqual([0, 0, 0, 0]);
      expect(await log.broker.bounds(topic)).toEqual({ epoch, first: 2, last: 4 });
      expect(await log.broker.erase(topic, epoch, [1, 3, 77], [notice('e')])).toBe(1);
      expect(await log.broker.erase(topic, epoch, [3], [notice('f')])).toBe(0);
      expect(await log.broker.bounds(topic)).toEqual({ epoch, first: 3, last: 5, erased: 5 });
    });

    test('[V7] stores a notice once when a call is repeated', async () => {
      await using log = await open();
      await log.broker.publish(topic, entries(1, 3));
      const { epoch } = await log.broker.bounds(topic);
      expect(await log.broker.erase(topic, epoch, [1], [notice('same')])).toBe(1);
      await log.broker.erase(topic, epoch, [1], [notice('same')]);
      await log.broker.erase(topic, epoch, [1, 2], [notice('same')]);
      const { records } = await readAll(log.broker);
      expect(records.map(({ erased = false }) => erased)).toEqual([true, true, false, false]);
    });

    test('[V7] [D3] an erased record’s id is still known', async () => {
      await using log = await open();
      const [first] = await log.broker.publish(topic, [entry(1, 'key')]);
      const { epoch } = await log.broker.bounds(topic);
      await log.broker.erase(topic, epoch, [1], [notice('n')]);
      expect(await log.another().publish(topic, [entry(2, 'key')])).toEqual([
        { cursor: first?.cursor, duplicate: true },
      ]);
    });

    test('[V7] [D4] pages pass over erased records as over any others', async () => {
      await using log = await open();
      await log.broker.publish(topic, entries(1, 60));
      const { epoch } = await log.broker.bounds(topic);
      const gone = [1, 2, 3, ...Array.from({ length: 25 }, (_, index) => 20 + index), 59, 60];
      expect(await log.broker.erase(topic, epoch, gone, [notice('n')])).toBe(gone.length);
      for (const limit of [1, 7, 32, 1000]) {
        const seen: (number | null)[] = [];
        for (let seq = 0; seq < 61; ) {
          const { gap, records } = await log.broker.read(topic, { epoch, seq }, limit);
          expect(gap).toBeNull();
          expect(records.length).toBeGreaterThan(0);
          expect(records.length).toBeLessThanOrEqual(limit);
          expect(records.map((record) => record.seq)).toEqual(records.map((_, index) => seq + 1 + index));
          for (const record of records)
            seen.push(record.erased || record.seq > 60 ? null : (numbersOf([record])[0] ?? 0));
          seq += records.length;
        }
        const wanted = Array.from({ length: 60 }, (_, index) =>
          gone.includes(index + 1) ? null : index + 1,
        );
        expect(seen).toEqual([...wanted, null]);
      }
    });

    test('[V7] seek and the bounds count erased records', async () => {
      await using log = await open();
      for (let n = 1; n <= 6; n++) {
        await log.broker.publish(topic, [entry(n)]);
        log.passTime(5);
      }
      const { records, bounds } = await readAll(log.broker);
      const { epoch } = bounds;
      await log.broker.erase(topic, epoch, [1, 2, 4], [notice('n')]);
      expect(await log.broker.bounds(topic)).toMatchObject({ first: 1, last: 7 });
      for (const { at } of records) {
        const expected = records.findIndex((other) => other.at >= at);
        expect(await log.broker.seek(topic, at)).toEqual({ epoch, seq: expected });
      }
    });

    test('[V7] [D4] erased records are trimmed as others are', async () => {
      await using log = await open({ maxRecords: 5 });
      await log.broker.publish(topic, entries(1, 5));
      const { epoch } = await log.broker.bounds(topic);
      await log.broker.erase(topic, epoch, [1, 2, 3], [notice('n')]);
      expect(await log.broker.bounds(topic)).toMatchObject({ first: 2, last: 6 });
      await log.broker.publish(topic, [entry(7)]);
      const { gap, records } = await readAll(log.broker);
      expect(gap).toMatchObject({ to: { epoch, seq: 2 }, lost: 2, reason: 'trimmed' });
      expect(records.map(({ erased = false }) => erased)).toEqual([true, false, false, false, false]);
      await log.broker.publish(topic, entries(8, 12));
      expect((await readAll(log.broker)).records.map(({ erased = false }) => erased)).toEqual(
        Array(5).fill(false),
      );
    });

    test('[V7] [D2] publishes and erasings at once leave every record whole or erased', async () => {
      await using log = await open();
      const other = log.another();
      await log.broker.publish(topic, entries(1, 60));
      const { epoch } = await log.broker.bounds(topic);
      const erased = await Promise.all(
        Array.from({ length: 20 }, async (_, n) => {
          await (n % 2 === 0 ? log.broker : other).publish(topic, [entry(61 + n)]);
          return other.erase(topic, epoch, [3 * n + 1, 3 * n + 2], [notice(`n${n}`)]);
        }),
      );
      expect(erased).toEqual(Array(20).fill(2));
      const { records } = await readAll(log.broker, 1000);
      expect(records.map(({ seq }) => seq)).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
      expect(records.slice(0, 60).map((record) => record.erased ?? false)).toEqual(
        Array.from({ length: 60 }, (_, index) => index % 3 !== 2),
      );
    });
  });
}

import { describe, expect, test } from 'vitest';
import { entries, entry, numbersOf } from './entries.ts';
import type { BrokerKind } from './fixtures.ts';

const topic = 'run-1';

/** Contract of every broker's retention, and of its gaps: see the comments of Retention. */
export function describeRetention({ open }: BrokerKind): void {
  describe('retention', () => {
    test('[D4] tells one gap for a range trimmed by length', async () => {
      await using log = await open({ maxRecords: 5 });
      await log.broker.publish(topic, entries(1, 3));
      await log.broker.publish(topic, entries(4, 12));
      const bounds = await log.broker.bounds(topic);
      const { epoch } = bounds;
      expect(bounds).toMatchObject({ first: 8, last: 12 });
      const { gap, records } = await log.broker.read(topic, { epoch, seq: 2 }, 10);
      expect(gap).toEqual({
        from: { epoch, seq: 2 },
        to: { epoch, seq: 7 },
        lost: 5,
        reason: 'trimmed',
      });
      expect(numbersOf(records)).toEqual([8, 9, 10, 11, 12]);
      expect((await log.broker.read(topic, { epoch, seq: 7 }, 10)).gap).toBeNull();
    });

    test('[D4] tells one gap for a range trimmed by bytes, and keeps the newest record however large it is', async () => {
      const size = Buffer.byteLength(entry(100).json);
      await using log = await open({ maxBytes: 3 * size });
      const first = async () => (await log.broker.bounds(topic)).first;
      await log.broker.publish(topic, entries(100, 102));
      expect(await first()).toBe(1);
      await log.broker.publish(topic, [entry(103)]);
      expect(await first()).toBe(2);
      const { epoch } = await log.broker.bounds(topic);
      await log.broker.publish(topic, entries(104, 110)); // more than is kept, at once
      expect(await log.broker.bounds(topic)).toEqual({ epoch, first: 9, last: 11 });
      const { gap, records } = await log.broker.read(topic, { epoch, seq: 4 }, 10);
      expect(gap).toEqual({ from: { epoch, seq: 4 }, to: { epoch, seq: 8 }, lost: 4, reason: 'trimmed' });
      expect(numbersOf(records)).toEqual([108, 109, 110]);
      const huge = { ...entry(0), json: JSON.stringify({ text: 'ü'.repeat(2 * size) }) };
      await log.broker.publish(topic, [huge]);
      expect(await log.broker.bounds(topic)).toEqual({ epoch, first: 12, last: 12 });
      await log.another().publish(topic, [entry(111)]);
      expect(await first()).toBe(13);
      // Annotations of a record count too.
      await log.broker.publish(topic, [{ ...entry(112), meta: JSON.stringify({ a: 'x'.repeat(size / 2) }) }]);
      await log.broker.publish(topic, [entry(113)]);
      expect(await first()).toBe(14);
    });

    test('[D4] trims by bytes and length together', async () => {
      const size = Buffer.byteLength(entry(100).json);
      await using log = await open({ maxBytes: 10 * size, maxRecords: 6 });
      for (let n = 100; n < 130; n++) await log.broker.publish(topic, [entry(n)]);
      expect(await log.broker.bounds(topic)).toMatchObject({ first: 25, last: 30 });
      await log.broker.publish(topic, [
        { ...entry(0), json: JSON.stringify({ text: 'x'.repeat(7 * size) }) },
      ]);
      const { first, last } = await log.broker.bounds(topic);
      expect([first, last]).toEqual([29, 31]);
      for (let n = 100; n < 103; n++) await log.broker.publish(topic, [entry(n)]);
      expect(await log.broker.bounds(topic)).toMatchObject({ first: 32, last: 34 });
    });

    test('[D4] tells one gap for a range trimmed by age', async () => {
      await using log = await open({ maxAgeMs: 150 });
      await log.broker.publish(topic, entries(1, 3));
      const { epoch } = await log.broker.bounds(topic);
      let last = 3;
      log.passTime(200);
      await expect
        .poll(async () => {
          await log.broker.publish(topic, [entry(++last)]);
          return (await log.broker.bounds(topic)).first;
        })
        .toBeGreaterThan(3);
      const { gap, bounds } = await log.broker.read(topic, { epoch, seq: 1 }, 10);
      expect(gap).toEqual({
        from: { epoch, seq: 1 },
        to: { epoch, seq: bounds.first - 1 },
        lost: bounds.first - 2,
        reason: 'trimmed',
      });
      expect(bounds).toMatchObject({ epoch, last });
    });
  });
}

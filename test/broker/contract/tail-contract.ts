import { describe, expect, test } from 'vitest';
import { entries, entry, RecordingSink } from './entries.ts';
import type { BrokerKind } from './fixtures.ts';

const topic = 'run-1';

/** Contract of every broker's tails, and of closing a broker: see the comments of Broker. */
export function describeTail({ open }: BrokerKind): void {
  describe('tail', () => {
    test('[D7] starts at the end of the log, then brings every record in order', async () => {
      await using log = await open();
      await log.broker.publish(topic, entries(1, 3));
      const sink = new RecordingSink();
      await log.broker.tail(topic, sink);
      const { epoch } = await log.broker.bounds(topic);
      expect(sink.calls).toEqual([{ start: { epoch, seq: 3 } }]);
      await log.another().publish(topic, entries(4, 6));
      await log.broker.publish(topic, [entry(7)]);
      await expect.poll(() => sink.numbers).toEqual([4, 5, 6, 7]);
      sink.expectContiguous();
      const { records } = await log.broker.read(topic, { epoch, seq: 3 }, 10);
      expect(sink.received).toEqual(records);
    });

    test('[D3] a duplicate is not delivered again', async () => {
      await using log = await open();
      const sink = new RecordingSink();
      await log.broker.tail(topic, sink);
      await log.broker.publish(topic, [entry(1, 'a')]);
      await log.broker.publish(topic, [entry(2, 'a'), entry(3, 'b'), entry(4, 'b')]);
      await log.broker.publish(topic, [entry(5)]);
      await expect.poll(() => sink.numbers).toEqual([1, 3, 5]);
      sink.expectContiguous();
    });

    test('[D4] [D7] loses and reorders nothing while several publish and other tails attach', async () => {
      await using log = await open();
      const publishers = [log.broker, log.another(), log.another()];
      const readers = [log.broker, log.another()];
      const sinks: RecordingSink[] = [];
      let running = true;
      const publishing = Promise.all(
        publishers.map(async (publisher, p) => {
          for (let n = 0; running; n++) {
            await publisher.publish(topic, [entry(p * 1e6 + n), entry(-1)]);
            await new Promise(setImmediate); // others have their turn
          }
        }),
      );
      for (let round = 0; round < 10; round++) {
        const sink = new RecordingSink();
        sinks.push(sink);
        await readers[round % 2]?.tail(topic, sink);
        await expect.poll(() => sink.received.length).toBeGreaterThan(20);
      }
      running = false;
      await publishing;
      const { epoch, last } = await log.broker.bounds(topic);
      for (const sink of sinks) {
        await expect.poll(() => sink.received.at(-1)?.seq).toBe(last);
        sink.expectContiguous();
        expect(sink.gaps).toEqual([]);
        for (const [p] of publishers.entries()) {
          const own = sink.numbers.filter((n) => n >= 0 && Math.floor(n / 1e6) === p);
          expect(own).toEqual(own.toSorted((a, b) => a - b));
        }
      }
      expect(epoch).toBe(sinks[0]?.received[0]?.epoch);
    });

    test('is independent of another tail of the same topic', async () => {
      await using log = await open();
      const [one, two] = [new RecordingSink(), new RecordingSink()];
      const first = await log.broker.tail(topic, one);
      await log.broker.publish(topic, [entry(1)]);
      await expect.poll(() => one.numbers).toEqual([1]);
      await log.broker.tail(topic, two);
      first.close();
      await log.broker.publish(topic, [entry(2)]);
      await expect.poll(() => two.numbers).toEqual([2]);
      expect(one.numbers).toEqual([1]);
    });

    test('goes on from the end when it is closed and opened again', async () => {
      await using log = await open();
      const [one, two] = [new RecordingSink(), new RecordingSink()];
      (await log.broker.tail(topic, one)).close();
      const reopened = log.broker.tail(topic, two);
      await log.broker.publish(topic, [entry(1)]);
      await reopened;
      await log.broker.publish(topic, [entry(2)]);
      await expect.poll(() => two.numbers.at(-1)).toBe(2);
      two.expectContiguous();
      expect(one.received).toEqual([]);
    });
  });

  describe('close', () => {
    test('is idempotent, and makes every method reject with CLOSED', async () => {
      await using log = await open();
      await log.broker.publish(topic, [entry(1)]);
      await Promise.all([log.broker.close(), log.broker.close()]);
      await log.broker.close();
      const position = { epoch: 'a', seq: 0 };
      const calls = [
        () => log.broker.publish(topic, [entry(2)]),
        () => log.broker.read(topic, position, 1),
        () => log.broker.bounds(topic),
        () => log.broker.seek(topic, 0),
        () => log.broker.tail(topic, new RecordingSink()),
      ];
      for (const call of calls) await expect(call()).rejects.toMatchObject({ code: 'CLOSED' });
    });

    test('[D2] keeps what was published before it', async () => {
      await using log = await open();
      const reader = log.another();
      await reader.bounds(topic);
      const published = log.broker.publish(topic, entries(1, 3));
      await Promise.all([published, log.broker.close()]);
      expect(await published).toHaveLength(3);
    });

    test('ends the tails', async () => {
      await using log = await open();
      const sink = new RecordingSink();
      const tail = await log.broker.tail(topic, sink);
      const other = log.another();
      await log.broker.close();
      if (other !== log.broker) await other.publish(topic, [entry(1)]);
      tail.close();
      expect(sink.received).toEqual([]);
    });
  });
}

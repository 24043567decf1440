import { describe, expect, test } from 'vitest';
import { entry } from './entries.ts';
import type { BrokerKind } from './fixtures.ts';

/** Contract of every broker's list of topics: see the comments of Broker.topics. */
export function describeTopics({ open }: BrokerKind): void {
  describe('the list of topics', () => {
    test('gives the topics that hold a record, then each that gets one, whoever publishes', async () => {
      await using log = await open();
      await log.broker.publish('a', [entry(1)]);
      await log.another().publish('b', [entry(1)]);
      await log.broker.bounds('only-asked-for');
      const told = new Set<string>();
      const calls: (readonly string[])[] = [];
      await log.broker.topics((names) => {
        calls.push(names);
        for (const name of names) told.add(name);
      });
      expect([...told].sort()).toEqual(['a', 'b']);
      expect(calls).toHaveLength(1);
      await log.another().publish('c', [entry(1)]);
      await log.broker.publish('d', [entry(1)]);
      await log.broker.publish('a', [entry(2)]);
      await expect.poll(() => [...told].sort()).toEqual(['a', 'b', 'c', 'd']);
    });

    test('misses no topic that appears while a follower attaches', async () => {
      await using log = await open();
      const other = log.another();
      const names = Array.from({ length: 20 }, (_, index) => `topic-${index}`);
      const told = new Set<string>();
      const publishing = (async () => {
        for (const name of names) await other.publish(name, [entry(1)]);
      })();
      await log.broker.topics((more) => {
        for (const name of more) told.add(name);
      });
      await publishing;
      await expect.poll(() => told.size).toBe(names.length);
    });

    test('is independent for two followers, and gives nothing more to one that is closed', async () => {
      await using log = await open();
      const told: string[][] = [[], []];
      const first = await log.broker.topics((names) => told[0]?.push(...names));
      await log.broker.topics((names) => told[1]?.push(...names));
      first.close();
      await log.broker.publish('a', [entry(1)]);
      await expect.poll(() => told[1]).toEqual(['a']);
      expect(told[0]).toEqual([]);
    });

    test('rejects with CLOSED once the broker is closed', async () => {
      await using log = await open();
      await log.broker.close();
      await expect(log.broker.topics(() => {})).rejects.toMatchObject({ code: 'CLOSED' });
    });
  });
}

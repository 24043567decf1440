import { describe, expect, test } from 'vitest';
import { allRecords } from '../contract/entries.ts';
import type { BrokerFixture, BrokerKind } from '../contract/fixtures.ts';
import {
  approval,
  begin,
  LONG_MS,
  MOST,
  openOf,
  ownerOf,
  refused,
  reply,
  SHORT_MS,
  settling,
  topic,
  viewer,
} from './open-events.ts';

/** Waits until the time of events is over, which nothing renews meanwhile. */
async function expectLapsed(log: BrokerFixture, ids: readonly string[]): Promise<void> {
  log.passTime(SHORT_MS);
  await expect
    .poll(async () => (await openOf(log.another()).lapsed(100)).map(({ event }) => event.id).toSorted())
    .toEqual([...ids].toSorted());
}

/** Contract of every broker's open sets, continued: leases, deadlines, and the end of both. */
export function describeOpenLeases({ open }: BrokerKind): void {
  describe('open events: leases', () => {
    test('[O8] as lapsed: null while its time is not over, or once it was renewed', async () => {
      await using log = await open();
      const events = [
        reply('', { key: 'a', leaseMs: SHORT_MS }),
        viewer('', { key: 'b', leaseMs: SHORT_MS }),
      ] as const;
      const sets = openOf(log.broker);
      const young = approval();
      await begin(log, young);
      expect(await sets.settle(topic, settling(young, 'expired', { as: 'lapsed' }))).toBeNull();
      const revs = [];
      for (const event of events) revs.push((await begin(log, event)).rev);
      await expectLapsed(
        log,
        events.map(({ id }) => id),
      );
      const [text, member] = events;
      for (const event of events)
        expect(await sets.begin(topic, { ...event, leaseMs: LONG_MS }, MOST)).toMatchObject({
          resumed: true,
        });
      expect(await sets.settle(topic, settling(text, 'aborted', { as: 'lapsed', rev: revs[0] }))).toBeNull();
      expect(await sets.settle(topic, settling(member, 'lost', { as: 'lapsed', rev: revs[1] }))).toBeNull();
      expect((await log.broker.bounds(topic)).last).toBe(2);
      expect((await sets.read(topic)).events).toHaveLength(3);
    });

    test('[O8] an answer that comes once the deadline is over settles nothing', async () => {
      await using log = await open();
      const event = approval('', { leaseMs: SHORT_MS });
      await begin(log, event);
      await expectLapsed(log, [event.id]);
      const sets = openOf(log.broker);
      const answered = settling(event, 'answered', { as: 'anybody', answer: true });
      expect(await sets.settle(topic, answered)).toBeNull();
      const settled = await sets.settle(topic, settling(event, 'expired', { as: 'lapsed' }));
      await expect(sets.settle(topic, answered)).rejects.toEqual(refused('ALREADY_SETTLED', { settled }));
      expect((await log.broker.bounds(topic)).last).toBe(2);
    });

    test('[O8] however many notice that an event has lapsed, it is settled once', async () => {
      await using log = await open();
      const event = approval('', { by: 'asker', leaseMs: SHORT_MS });
      await begin(log, event);
      await expectLapsed(log, [event.id]);
      const expired = { ...settling(event, 'expired', { as: 'lapsed' }), by: undefined };
      const results = await Promise.allSettled(
        [log.broker, log.another(), log.another()].map((broker) => openOf(broker).settle(topic, expired)),
      );
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      await expectLapsed(log, []);
      const settled = await openOf(log.broker).find(topic, event.id);
      const { cursor } = (await allRecords(log.broker, topic))[1] ?? {};
      expect(settled).toEqual({ id: event.id, state: 'expired', cursor });
    });

    test('[O8] touch renews those that are its own, and names the others', async () => {
      await using log = await open();
      const [one, two, theirs] = [
        viewer('', { key: 'k', by: 'user-1', leaseMs: LONG_MS }),
        reply('', { key: 'k', by: 'user-1', leaseMs: LONG_MS }),
        viewer('', { key: 'other', by: 'user-1', leaseMs: LONG_MS }),
      ];
      const before = new Map<string, number>();
      for (const event of [one, two, theirs]) before.set(event.id, (await begin(log, event)).until);
      const gone = viewer('', { key: 'k', by: 'user-1' });
      const sets = openOf(log.another());
      await sets.begin(topic, { ...gone, key: 'gone' }, MOST);
      await sets.settle(topic, settling({ ...gone, key: 'gone' }, 'left'));
      const { rev } = await sets.read(topic);
      const ids = [one.id, 'never', theirs.id, two.id, gone.id];
      const renewed = async () => {
        log.passTime(5);
        expect((await sets.touch(topic, ids, { key: 'k', by: 'user-1' })).toSorted()).toEqual(
          ['never', theirs.id, gone.id].toSorted(),
        );
        const { events } = await sets.read(topic);
        return events.filter(({ id, until }) => until > (before.get(id) ?? 0)).map(({ id }) => id);
      };
      await expect.poll(async () => (await renewed()).toSorted()).toEqual([one.id, two.id].toSorted());
      expect((await sets.read(topic)).rev).toBe(rev);
      const strangers = [
        { key: 'k', by: 'user-2' },
        { key: 'k', by: undefined },
        { key: 'x', by: 'user-1' },
      ];
      for (const stranger of strangers)
        expect((await sets.touch(topic, [one.id, two.id], stranger)).toSorted()).toEqual(
          [one.id, two.id].toSorted(),
        );
      expect(await sets.touch('nowhere', [one.id], { key: 'k', by: 'user-1' })).toEqual([one.id]);
    });

    test('[O8] touch leaves a deadline as it is', async () => {
      await using log = await open();
      const event = approval();
      const before = await begin(log, event);
      log.passTime(5);
      const { key, by } = event;
      expect(await openOf(log.broker).touch(topic, [event.id], { key, by })).toEqual([]);
      expect(await openOf(log.broker).find(topic, event.id)).toEqual(before);
    });

    test('[O8] lapsed tells those of all topics whose time is over, and no others', async () => {
      await using log = await open();
      const lapsing = new Map([
        ['run-1', reply('abc', { leaseMs: SHORT_MS, by: 'user-1' })],
        ['run-2', approval('deploy', { leaseMs: SHORT_MS })],
        ['run-3', viewer('Ada', { leaseMs: SHORT_MS })],
        ['run-4', viewer('Bo', { leaseMs: SHORT_MS })],
      ]);
      const renewed = reply('', { key: 'renewed', leaseMs: SHORT_MS });
      const settled = reply('', { leaseMs: SHORT_MS });
      const sets = openOf(log.broker);
      for (const event of [renewed, settled, viewer('', { leaseMs: LONG_MS })]) await begin(log, event);
      await sets.begin(topic, { ...renewed, leaseMs: LONG_MS }, MOST);
      await sets.settle(topic, settling(settled, 'done'));
      for (const [where, event] of lapsing) await begin(log, event, where);
      await expectLapsed(
        log,
        [...lapsing.values()].map(({ id }) => id),
      );
      for (const { topic: where, event } of await openOf(log.another()).lapsed(100)) {
        expect(event.id).toBe(lapsing.get(where)?.id);
        expect(event).toEqual((await sets.read(where)).events.find(({ id }) => id === event.id));
      }
      expect(await sets.lapsed(3)).toHaveLength(3);
      const passed = [...lapsing].slice(0, 3).map(([where, { id }]) => [where, new Set([id])] as const);
      const others = await sets.lapsed(3, new Map([...passed, ['run-4', new Set(['viewer.none'])]]));
      expect(others.map(({ event }) => event.id)).toEqual([lapsing.get('run-4')?.id]);
      // Until it is settled it is open, and its owner may go on.
      const own = lapsing.get('run-1');
      if (own) expect(await sets.append('run-1', ownerOf(own), 3, 'd')).toBe(4);
    });
  });
}

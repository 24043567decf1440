import { describe, expect, test } from 'vitest';
import { formatCursor } from '../../../shared/cursor.ts';
import { allRecords, entry } from '../contract/entries.ts';
import type { BrokerKind } from '../contract/fixtures.ts';
import {
  approval,
  begin,
  LONG_MS,
  look,
  MOST,
  openOf,
  refused,
  reply,
  settling,
  topic,
  viewer,
} from './open-events.ts';

/** Contract of every broker's open sets: their beginnings. */
export function describeOpenBegin({ open }: BrokerKind): void {
  describe('open events: begin', () => {
    test('[O1] appends the record of a stored kind, and answers its place', async () => {
      await using log = await open();
      await log.broker.publish(topic, [entry(1)]);
      for (const [index, event] of [reply('Hm'), approval()].entries()) {
        const begun = await openOf(log.broker).begin(topic, event, MOST);
        const { epoch, last } = await log.broker.bounds(topic);
        expect(last).toBe(2 + index);
        const cursor = formatCursor({ epoch, seq: last });
        expect(begun).toEqual({ id: event.id, cursor, resumed: false });
        expect((await allRecords(log.broker, topic)).at(-1)).toMatchObject({ ...event.entry, cursor });
        const { kind, entry, grows, id } = event;
        expect(await look(log, id)).toMatchObject({ id, kind, entry, cursor, rev: index + 1 });
        expect((await look(log, id)).grows).toEqual(grows);
      }
    });

    test('a presence is no record: its place is that of the last one', async () => {
      await using log = await open();
      const early = await openOf(log.broker).begin(topic, viewer(), MOST);
      const { epoch } = await log.broker.bounds(topic);
      expect(early.cursor).toBe(formatCursor({ epoch, seq: 0 }));
      await log.broker.publish(topic, [entry(1)]);
      const { cursor } = await openOf(log.broker).begin(topic, viewer('Bo', { by: 'user-1' }), MOST);
      expect(cursor).toBe(formatCursor({ epoch, seq: 1 }));
      expect(await log.broker.bounds(topic)).toMatchObject({ epoch, last: 1 });
      const { events } = await openOf(log.another()).read(topic);
      expect(events.map(({ by }) => by).toSorted()).toEqual(['user-1', undefined]);
    });

    test.each([{ make: reply }, { make: approval }, { make: viewer }])(
      '[O1] a key that is open is resumed, with its lease renewed: $make.name',
      async ({ make }) => {
        await using log = await open();
        const event = make('one', { key: 'call-1', by: 'user-1', leaseMs: 20_000 });
        const first = await begin(log, event);
        const again = make('two', { key: 'call-1', by: 'user-1' });
        const rev = (await openOf(log.broker).read(topic)).rev;
        const other = openOf(log.another());
        expect(await other.begin(topic, again, 1)).toEqual({
          id: event.id,
          cursor: first.cursor,
          resumed: true,
        });
        const { until, ...rest } = await look(log, event.id);
        const { until: before, ...same } = first;
        expect(rest).toEqual(same);
        // A question has a deadline and no lease. The lease of all others is now the one asked for last.
        if (event.kind === 'question') expect(until).toBe(before);
        else expect(until).toBeGreaterThan(before + LONG_MS / 2);
        expect((await openOf(log.broker).read(topic)).rev).toBe(rev);
        expect((await log.broker.bounds(topic)).last).toBe(event.kind === 'presence' ? 0 : 1);
      },
    );

    test('keys are told apart by type and topic', async () => {
      await using log = await open();
      const { open: sets } = log.broker;
      for (const event of [reply('', { key: 'k' }), approval('', { key: 'k' }), viewer('', { key: 'k' })])
        expect(await sets?.begin(topic, event, MOST)).toMatchObject({ id: event.id, resumed: false });
      const elsewhere = reply('', { key: 'k' });
      expect(await sets?.begin('run-2', elsewhere, MOST)).toMatchObject({ id: elsewhere.id, resumed: false });
    });

    test('[O1] a key that was settled lately answers the settlement, and the place of its beginning', async () => {
      await using log = await open();
      const event = approval('deploy', { key: 'call-1', by: 'asker' });
      const { cursor } = await begin(log, event);
      const answer = { allow: true, at: new Date(0) };
      const settled = await openOf(log.broker).settle(
        topic,
        settling(event, 'answered', { as: 'anybody', by: 'boss', answer }),
      );
      const again = approval('deploy', { key: 'call-1', by: 'asker' });
      expect(await openOf(log.another()).begin(topic, again, MOST)).toEqual({
        ...{ id: event.id, cursor, resumed: false },
        settled: { id: event.id, state: 'answered', by: 'boss', answer, cursor: settled?.cursor },
      });
      expect((await log.broker.bounds(topic)).last).toBe(2);
    });

    test("[O9] another subject's key is FORBIDDEN, open or settled", async () => {
      await using log = await open();
      const event = reply('', { key: 'k', by: 'user-1' });
      await begin(log, event);
      const sets = openOf(log.another());
      const beginAs = (by: string | undefined) => sets.begin(topic, reply('', { key: 'k', by }), MOST);
      for (const by of ['user-2', undefined]) await expect(beginAs(by)).rejects.toEqual(refused('FORBIDDEN'));
      await sets.settle(topic, settling(event, 'done'));
      for (const by of ['user-2', undefined]) await expect(beginAs(by)).rejects.toEqual(refused('FORBIDDEN'));
      expect(await beginAs('user-1')).toHaveProperty('settled');
    });

    test('[O11] TOO_MANY_OPEN: nothing is stored, and those that are open are resumed', async () => {
      await using log = await open();
      const sets = openOf(log.broker);
      const event = reply('', { key: 'k' });
      await sets.begin(topic, event, 2);
      await sets.begin(topic, viewer(), 2);
      const before = await sets.read(topic);
      await expect(sets.begin(topic, approval(), 2)).rejects.toEqual(refused('TOO_MANY_OPEN'));
      expect(await sets.read(topic)).toEqual(before);
      expect((await log.broker.bounds(topic)).last).toBe(1);
      expect(await sets.begin(topic, reply('', { key: 'k' }), 2)).toMatchObject({ resumed: true });
      await sets.settle(topic, settling(event, 'done'));
      expect(await sets.begin(topic, approval(), 2)).toMatchObject({ resumed: false });
    });

    test('[O1] begins at once with one key begin one event', async () => {
      await using log = await open();
      const others = [log.broker, log.another(), log.another()];
      const begun = await Promise.all(
        others.map((broker) => openOf(broker).begin(topic, reply('', { key: 'k' }), MOST)),
      );
      expect(new Set(begun.map(({ id }) => id)).size).toBe(1);
      expect(begun.filter(({ resumed }) => !resumed)).toHaveLength(1);
      expect((await log.broker.bounds(topic)).last).toBe(1);
    });
  });
}

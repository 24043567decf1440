import { describe, expect, test } from 'vitest';
import { MAX_SETTLED } from '../../../server/broker/open/settled-events.ts';
import { formatCursor } from '../../../shared/cursor.ts';
import { allRecords, entry } from '../contract/entries.ts';
import type { BrokerKind } from '../contract/fixtures.ts';
import {
  approval,
  begin,
  comparable,
  MOST,
  openOf,
  ownerOf,
  refused,
  reply,
  settling,
  topic,
  viewer,
} from './open-events.ts';

/** Contract of every broker's open sets, continued: settling, and what is remembered of it. */
export function describeOpenSettle({ open }: BrokerKind): void {
  describe('open events: settle', () => {
    test('[O1] appends the record and takes the event out, in one step', async () => {
      await using log = await open();
      const [text, asked, member] = [reply(), approval(), viewer()];
      for (const event of [text, asked, member]) await begin(log, event);
      const sets = openOf(log.broker);
      const { epoch } = await log.broker.bounds(topic);
      const done = settling(text, 'done', { by: 'user-1' });
      const cursor = formatCursor({ epoch, seq: 3 });
      expect(await sets.settle(topic, done)).toEqual({ id: text.id, state: 'done', by: 'user-1', cursor });
      const answered = settling(asked, 'answered', { as: 'anybody', by: 'boss', answer: { allow: [true] } });
      const answer = { allow: [true] };
      const end = formatCursor({ epoch, seq: 4 });
      expect(await sets.settle(topic, answered)).toEqual({
        ...{ id: asked.id, state: 'answered', by: 'boss', answer, cursor: end },
      });
      expect(await sets.settle(topic, settling(member, 'left'))).toEqual({
        ...{ id: member.id, state: 'left', cursor: end },
      });
      const records = await allRecords(log.broker, topic);
      expect(records.slice(2)).toMatchObject([done.entry, answered.entry]);
      expect(records.map(({ id }) => id)).toEqual([
        ...[text.id, asked.id],
        ...[`${text.id}.settled`, `${asked.id}.settled`],
      ]);
      expect(await openOf(log.another()).read(topic)).toEqual({ at: { epoch, seq: 4 }, rev: 6, events: [] });
    });

    test('[O1] a call that is repeated since its answer was lost stores its record once', async () => {
      await using log = await open();
      const event = reply('', { key: 'k' });
      await begin(log, event);
      expect(await openOf(log.broker).begin(topic, event, MOST)).toMatchObject({ resumed: true });
      const done = settling(event, 'done');
      const settled = await openOf(log.broker).settle(topic, done);
      for (const broker of [log.broker, log.another()])
        await expect(openOf(broker).settle(topic, done)).rejects.toEqual(
          refused('ALREADY_SETTLED', { settled }),
        );
      const records = await allRecords(log.broker, topic);
      expect(records.map(({ id }) => id)).toEqual([event.id, `${event.id}.settled`]);
    });

    test("[O1] a settlement is a record although somebody has published under its record's id", async () => {
      await using log = await open();
      const event = approval();
      await begin(log, event);
      await log.broker.publish(topic, [entry(1, `${event.id}.settled`)]);
      const settled = await openOf(log.broker).settle(topic, settling(event, 'withdrawn'));
      const records = await allRecords(log.broker, topic);
      expect(records.map(({ type }) => type)).toEqual(['approval', 'tick', 'approval']);
      expect(settled?.cursor).toBe(records[2]?.cursor);
    });

    test('[O1] one of many at once settles, and all others are told the same', async () => {
      await using log = await open();
      const event = approval();
      await begin(log, event);
      const brokers = Array.from({ length: 6 }, (_, n) => (n % 2 === 0 ? log.broker : log.another()));
      const results = await Promise.allSettled(
        brokers.map((broker, n) =>
          openOf(broker).settle(
            topic,
            settling(event, 'answered', { as: 'anybody', by: `boss-${n}`, answer: n }),
          ),
        ),
      );
      const [won, ...more] = results.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
      expect(more).toEqual([]);
      expect(won).toMatchObject({ state: 'answered', by: `boss-${won?.answer}` });
      const lost = results.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []));
      expect(lost).toEqual(lost.map(() => refused('ALREADY_SETTLED', { settled: won })));
      expect((await log.broker.bounds(topic)).last).toBe(2);
    });

    test('null where the event has changed since a revision: then nothing happened', async () => {
      await using log = await open();
      const event = reply();
      const { rev } = await begin(log, event);
      const sets = openOf(log.broker);
      await begin(log, viewer()); // a change of another event
      await sets.append(topic, ownerOf(event), 0, 'x');
      const before = await sets.read(topic);
      for (const as of [{ key: event.key, by: event.by }, 'anybody'] as const)
        expect(await sets.settle(topic, settling(event, 'done', { rev, as }))).toBeNull();
      expect(comparable(await sets.read(topic))).toEqual(comparable(before));
      expect((await log.broker.bounds(topic)).last).toBe(1);
      const now = before.events.find(({ id }) => id === event.id)?.rev;
      expect(now).toBe(rev + 2);
      expect(await sets.settle(topic, settling(event, 'done', { rev: now }))).toMatchObject({
        state: 'done',
      });
    });
  });

  describe('open events: what is remembered', () => {
    test('members who came and went do not have the answer to a question forgotten', async () => {
      await using log = await open();
      const sets = openOf(log.broker);
      const asked = approval('', { key: 'deploy' });
      await begin(log, asked);
      const settled = await sets.settle(topic, settling(asked, 'answered', { as: 'anybody', answer: true }));
      for (let n = 0; n <= MAX_SETTLED; n += 100) {
        const members = Array.from({ length: 100 }, () => viewer());
        await Promise.all(members.map((member) => sets.begin(topic, member, MOST)));
        await Promise.all(members.map((member) => sets.settle(topic, settling(member, 'left'))));
      }
      const again = await openOf(log.another()).begin(topic, approval('', { key: 'deploy' }), MOST);
      expect(again).toMatchObject({ id: asked.id, resumed: false, settled });
    });
  });
}

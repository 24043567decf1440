import { describe, expect, test } from 'vitest';
import { MAX_SETTLED } from '../../server/broker/open/settled-events.ts';
import { formatCursor } from '../../shared/cursor.ts';
import { allRecords, entry } from './entries.ts';
import type { BrokerFixture, BrokerKind } from './fixtures.ts';
import {
  approval,
  begin,
  comparable,
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

/** Contract of every broker's open sets, continued: settling, leases and what is open. */
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

    test('[O1] of many at once one settles, and all others are told the same', async () => {
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

  describe('open events: leases', () => {
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

  describe('open events: find and read', () => {
    test('a topic that nothing was begun in has an empty set', async () => {
      await using log = await open();
      const sets = openOf(log.broker);
      const early = await sets.read(topic);
      const { epoch } = await log.broker.bounds(topic);
      expect(early).toEqual({ at: { epoch, seq: 0 }, rev: 0, events: [] });
      await log.broker.publish(topic, [entry(1), entry(2)]);
      const { epoch: written } = await log.broker.bounds(topic);
      expect(await sets.read(topic)).toEqual({ at: { epoch: written, seq: 2 }, rev: 0, events: [] });
      await expect(sets.find(topic, 'never')).rejects.toEqual(refused('NOT_OPEN'));
    });

    test('[O3] each event is told once, as it is now, at the end of the log and of its revisions', async () => {
      await using log = await open();
      const [text, asked, member, gone] = [reply('a', { by: 'user-1' }), approval(), viewer(), reply('gone')];
      const sets = openOf(log.broker);
      for (const event of [text, asked, member, gone]) await begin(log, event);
      await sets.append(topic, ownerOf(text), 1, 'b'); // 5
      await log.broker.publish(topic, [entry(1)]);
      await sets.append(topic, ownerOf(text), 2, '😀'); // 6
      await sets.settle(topic, settling(gone, 'aborted')); // 7
      const now = { ...member.entry, json: member.entry.json.replace('Ada', 'Bo') };
      await sets.replace(topic, ownerOf(member), now); // 8
      const set = await openOf(log.another()).read(topic);
      const { epoch } = await log.broker.bounds(topic);
      const cursor = (seq: number) => formatCursor({ epoch, seq });
      const grows = { field: 'text', text: 'ab😀' };
      expect(comparable(set)).toEqual(
        comparable({
          at: { epoch, seq: 5 },
          rev: 8,
          events: [
            { ...text, grows, cursor: cursor(1), rev: 6 },
            { ...asked, cursor: cursor(2), rev: 2 },
            { ...member, entry: now, cursor: cursor(2), rev: 8 },
          ].map(({ key: _, leaseMs: __, ...event }) => ({ ...event, until: 0 })),
        }),
      );
      for (const event of set.events) expect(await sets.find(topic, event.id)).toEqual(event);
      expect((await sets.read('run-2')).events).toEqual([]);
    });
  });
}

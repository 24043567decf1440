import { describe, expect, test } from 'vitest';
import { formatCursor } from '../../../shared/cursor.ts';
import { allRecords, entries, entry, RecordingSink } from '../contract/entries.ts';
import type { BrokerKind } from '../contract/fixtures.ts';
import {
  approval,
  comparable,
  MOST,
  OpenRecordingSink,
  openOf,
  ownerOf,
  reply,
  settling,
  topic,
  typing,
  viewer,
} from './open-events.ts';

/** Contract of tails that take the open set too, of what is announced, and of logs that are lost. */
export function describeOpenTail({ open }: BrokerKind): void {
  describe('open events: tails', () => {
    test('[O5] the set is told after the start, as it is read', async () => {
      await using log = await open();
      const [text, member] = [reply('ab'), viewer()];
      const sets = openOf(log.broker);
      for (const event of [text, member, approval()]) await sets.begin(topic, event, MOST);
      await sets.append(topic, ownerOf(text), 2, 'c');
      const sink = new OpenRecordingSink();
      await log.another().tail(topic, sink);
      await expect.poll(() => sink.sets.length).toBe(1);
      expect(comparable(sink.mirror())).toEqual(comparable(await sets.read(topic)));
      sink.expectInOrder();
      const elsewhere = new OpenRecordingSink();
      await log.another().tail('run-2', elsewhere);
      await expect.poll(() => elsewhere.sets.map(({ rev, events }) => [rev, events])).toEqual([[0, []]]);
    });

    test('[O2] changes follow in order with the records around them', async () => {
      await using log = await open();
      const [here, there] = [new OpenRecordingSink(), new OpenRecordingSink()];
      await log.broker.tail(topic, here);
      await log.another().tail(topic, there);
      for (const sink of [here, there]) await expect.poll(() => sink.sets.length).toBe(1);
      const sets = openOf(log.broker);
      const [text, asked, member] = [reply('a'), approval(), viewer()];
      await log.broker.publish(topic, [entry(1)]);
      await sets.begin(topic, text, MOST);
      await sets.append(topic, ownerOf(text), 1, 'b');
      await log.broker.publish(topic, entries(2, 3));
      await sets.append(topic, ownerOf(text), 2, 'c😀');
      await sets.begin(topic, member, MOST);
      await sets.announce(topic, typing('Ada'));
      await sets.begin(topic, asked, MOST);
      const now = { ...member.entry, json: member.entry.json.replace('Ada', 'Bo') };
      await sets.replace(topic, ownerOf(member), now);
      await sets.settle(topic, settling(asked, 'answered', { as: 'anybody', by: 'boss', answer: 1 }));
      await sets.settle(topic, settling(member, 'left'));
      await log.broker.publish(topic, [entry(4)]);
      await sets.settle(topic, settling(text, 'done'));
      const order =
        'r1 r2 begun@2 appended@2 r3 r4 appended@4 begun@4 ephemeral@4 r5 begun@5 replaced@5 r6 settled@6 settled@6 r7 r8 settled@8';
      for (const sink of [here, there]) {
        await expect.poll(() => sink.order.join(' ')).toBe(order);
        sink.expectInOrder();
        expect(sink.changes.map(({ rev }) => rev)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
        const [begun, , appended, , , replaced, answered, left] = sink.changes;
        const { id, kind, entry, grows } = text;
        expect(begun).toMatchObject({ event: { id, kind, entry, grows, rev: 1 } });
        expect(appended).toMatchObject({ id: text.id, offset: 2, text: 'c😀' });
        expect(replaced).toMatchObject({ id: member.id, entry: now });
        expect(answered).toMatchObject({ id: asked.id, state: 'answered' });
        expect(left).toMatchObject({ id: member.id, state: 'left' });
        expect(sink.mirror().events).toEqual([]);
      }
      expect(await allRecords(log.broker, topic)).toEqual(
        here.calls.flatMap((call) => ('record' in call ? [call.record] : [])),
      );
    });

    test('[O2] calls that change nothing are not told: duplicates, renewals, refusals', async () => {
      await using log = await open();
      const sink = new OpenRecordingSink();
      await log.another().tail(topic, sink);
      const sets = openOf(log.broker);
      const event = reply('ab', { key: 'k' });
      await sets.begin(topic, event, MOST);
      await sets.begin(topic, event, MOST);
      await sets.append(topic, ownerOf(event), 0, 'ab');
      await sets.append(topic, ownerOf(event), 2, '');
      await sets.touch(topic, [event.id], event);
      await sets.append(topic, ownerOf(event), 0, 'x').catch(() => {});
      await sets.settle(topic, settling(event, 'done', { rev: 0 }));
      await sets.settle(topic, settling(event, 'aborted', { as: 'lapsed' }));
      await sets.settle(topic, settling(event, 'done'));
      await sets.settle(topic, settling(event, 'done')).catch(() => {});
      await log.broker.publish(topic, [entry(1)]);
      await expect.poll(() => sink.order.at(-1)).toBe('r3');
      expect(sink.order.join(' ').replace(/^.*r1 /, '')).toBe('begun@1 r2 settled@2 r3');
    });

    test('[O5] tails that attach while others begin, append, publish and settle mirror the set', async () => {
      await using log = await open();
      const brokers = [log.broker, log.another(), log.another()];
      let running = true;
      const working = Promise.all(
        brokers.map(async (broker, b) => {
          const sets = openOf(broker);
          for (let n = 0; running; n++) {
            const event = n % 2 === 0 ? reply('', { by: `${b}` }) : viewer('', { by: `${b}` });
            await sets.begin(topic, event, MOST);
            if (n % 2 === 0)
              for (let at = 0; at < 3; at++) await sets.append(topic, ownerOf(event), at, `${at}`);
            else await sets.replace(topic, ownerOf(event), event.entry);
            await broker.publish(topic, [entry(n)]);
            // A few stay open.
            if (n % 8 !== b || n > 40)
              await sets.settle(topic, settling(event, n % 2 === 0 ? 'done' : 'left'));
            await new Promise(setImmediate); // others have their turn
          }
        }),
      );
      const sinks: OpenRecordingSink[] = [];
      for (let round = 0; round < 6; round++) {
        const sink = new OpenRecordingSink();
        sinks.push(sink);
        await brokers[round % 3]?.tail(topic, sink);
        await expect.poll(() => sink.changes.length).toBeGreaterThan(20);
      }
      running = false;
      await working;
      const set = await openOf(log.another()).read(topic);
      for (const sink of sinks) {
        await expect.poll(() => sink.mirror().rev).toBe(set.rev);
        sink.expectInOrder();
        // Records may follow on the last change.
        expect(comparable({ ...sink.mirror(), at: set.at })).toEqual(comparable(set));
      }
    });

    test('[O5] tails that attach while the first event of a topic is begun', async () => {
      await using log = await open();
      for (let round = 0; round < 5; round++) {
        const where = `run-${round}`;
        const sinks: OpenRecordingSink[] = [];
        let running = true;
        const attaching = (async () => {
          while (running) {
            const sink = new OpenRecordingSink();
            sinks.push(sink);
            await log.another().tail(where, sink);
            await new Promise(setImmediate);
          }
        })();
        await openOf(log.broker).begin(where, round % 2 === 0 ? reply('a') : viewer(), MOST);
        running = false;
        await attaching;
        for (const sink of sinks) {
          await expect.poll(() => sink.sets.length && sink.mirror().rev).toBe(1);
          sink.expectInOrder();
          expect(sink.mirror().events).toHaveLength(1);
        }
      }
    });

    test('[D7] a tail without a receiver of the set is told records alone, as ever', async () => {
      await using log = await open();
      const sink = new RecordingSink();
      await log.another().tail(topic, sink);
      const sets = openOf(log.broker);
      const event = reply();
      await sets.begin(topic, event, MOST);
      await sets.append(topic, ownerOf(event), 0, 'x');
      await sets.announce(topic, typing('Ada'));
      await sets.settle(topic, settling(event, 'done'));
      await log.broker.publish(topic, [entry(1)]);
      await expect.poll(() => sink.received.map(({ seq }) => seq)).toEqual([1, 2, 3]);
      sink.expectContiguous();
    });

    test('no call reaches a tail after its close', async () => {
      await using log = await open();
      const [closed, other] = [new OpenRecordingSink(), new OpenRecordingSink()];
      const tail = await log.broker.tail(topic, closed);
      await log.broker.tail(topic, other);
      await expect.poll(() => closed.sets.length).toBe(1);
      tail.close();
      const before = closed.calls.length;
      await openOf(log.broker).begin(topic, viewer(), MOST);
      await openOf(log.broker).announce(topic, typing('Ada'));
      await expect.poll(() => other.order).toEqual(['begun@0', 'ephemeral@0']);
      expect(closed.calls).toHaveLength(before);
    });
  });

  describe('open events: announce', () => {
    test('an event that is not stored is told to those who are live, and answers the place of the last record', async () => {
      await using log = await open();
      const sink = new OpenRecordingSink();
      await log.another().tail(topic, sink);
      await expect.poll(() => sink.sets.length).toBe(1);
      const sets = openOf(log.broker);
      const [early, late] = [typing('Ada'), { ...typing('漢 😀'), meta: '{"v":1}', version: 2 }];
      const { epoch } = await log.broker.bounds(topic);
      expect(await sets.announce(topic, early)).toBe(formatCursor({ epoch, seq: 0 }));
      await log.broker.publish(topic, entries(1, 2));
      expect(await sets.announce(topic, late)).toBe(formatCursor({ epoch, seq: 2 }));
      await expect.poll(() => sink.order.join(' ')).toBe('ephemeral@0 r1 r2 ephemeral@2');
      const told = sink.calls.flatMap((call) => ('ephemeral' in call ? [call] : []));
      expect(told).toMatchObject([
        { ephemeral: early, at: { epoch, seq: 0 } },
        { ephemeral: late, at: { epoch, seq: 2 } },
      ]);
      expect(await log.broker.bounds(topic)).toMatchObject({ epoch, last: 2 });
      expect(await sets.read(topic)).toMatchObject({ rev: 0, events: [] });
    });
  });

  describe('open events: the log', () => {
    test('[D3] publishing stays as it was beside open events', async () => {
      await using log = await open({ maxRecords: 3 });
      const sets = openOf(log.broker);
      const event = reply('', { key: 'k' });
      const { cursor } = await sets.begin(topic, event, MOST);
      const [first] = await log.broker.publish(topic, [entry(1, 'a')]);
      expect(await log.another().publish(topic, [entry(1, 'a'), entry(2)])).toMatchObject([
        { cursor: first?.cursor, duplicate: true },
        { duplicate: false },
      ]);
      expect(await log.broker.publish(topic, [event.entry])).toEqual([{ cursor, duplicate: true }]);
      await log.broker.publish(topic, entries(3, 6));
      // Its opening is no longer in the log; it is open all the same.
      expect(await sets.append(topic, ownerOf(event), 0, 'x')).toBe(1);
      await sets.settle(topic, settling(event, 'done'));
      const { epoch, first: oldest, last } = await log.broker.bounds(topic);
      expect([oldest, last]).toEqual([6, 8]);
      const { records } = await log.another().read(topic, { epoch, seq: 5 }, 10);
      expect(records.at(-1)).toMatchObject({ id: `${event.id}.settled`, type: 'reply' });
    });

    test('[O10] with an epoch its open set goes, and events may be begun again', async ({ skip }) => {
      await using log = await open();
      const { loseLog } = log;
      if (!loseLog) return skip('its logs go with the process alone');
      const [asked, text] = [approval('', { key: 'k' }), reply('', { key: 'k' })];
      const sets = openOf(log.broker);
      for (const event of [asked, text, viewer()]) await sets.begin(topic, event, MOST);
      await sets.settle(topic, settling(text, 'done'));
      const { epoch } = await log.broker.bounds(topic);
      const later = await loseLog(topic);
      const lost = await openOf(later).read(topic);
      expect(lost).toMatchObject({ rev: 0, events: [] });
      expect(lost.at.epoch).not.toBe(epoch);
      for (const { id } of [asked, text])
        await expect(openOf(later).find(topic, id)).rejects.toMatchObject({ code: 'NOT_OPEN' });
      await expect(openOf(later).append(topic, ownerOf(text), 0, 'x')).rejects.toMatchObject({
        code: 'NOT_OPEN',
      });
      expect(await openOf(later).lapsed(100)).toEqual([]);
      const again = approval('', { key: 'k' });
      expect(await openOf(later).begin(topic, again, MOST)).toMatchObject({ id: again.id, resumed: false });
      expect(await openOf(later).read(topic)).toMatchObject({ rev: 1, events: [{ id: again.id, rev: 1 }] });
    });

    test('CLOSED: every call after the closing of the broker', async () => {
      await using log = await open();
      const sets = openOf(log.broker);
      const event = reply();
      await sets.begin(topic, event, MOST);
      await log.broker.close();
      const calls = [
        () => sets.begin(topic, viewer(), MOST),
        () => sets.append(topic, ownerOf(event), 0, 'x'),
        () => sets.replace(topic, ownerOf(event), event.entry),
        () => sets.touch(topic, [event.id], event),
        () => sets.settle(topic, settling(event, 'done')),
        () => sets.find(topic, event.id),
        () => sets.read(topic),
        () => sets.announce(topic, typing('Ada')),
        () => sets.lapsed(1),
      ];
      for (const call of calls) await expect(call()).rejects.toMatchObject({ code: 'CLOSED' });
    });
  });
}

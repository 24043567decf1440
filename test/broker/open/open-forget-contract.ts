import { describe, expect, test } from 'vitest';
import { MAX_OPEN_CHARS } from '../../../server/broker/open/open-events.ts';
import { MAX_GROWN } from '../../../shared/open/bounds.ts';
import { entry } from '../contract/entries.ts';
import type { BrokerKind } from '../contract/fixtures.ts';
import {
  approval,
  begin,
  comparable,
  MOST,
  OpenRecordingSink,
  openEntry,
  openOf,
  ownerOf,
  refused,
  reply,
  settling,
  topic,
  viewer,
} from './open-events.ts';

/** Contract of every broker's open sets, continued: what is forgotten, and how much a set may have. */
export function describeOpenForget({ open }: BrokerKind): void {
  describe('open events: forget', () => {
    test('[V7] takes them out without a record, as changes, and owners get NOT_OPEN', async () => {
      await using log = await open();
      const [text, asked, member, kept] = [reply('a', { key: 'k' }), approval(), viewer(), reply('kept')];
      for (const event of [text, asked, member, kept]) await begin(log, event);
      const sink = new OpenRecordingSink();
      await log.another().tail(topic, sink);
      const { at } = await openOf(log.broker).read(topic);
      await openOf(log.broker).forget(topic, ['never', text.id, asked.id, member.id, text.id]);
      const { rev, ...now } = await openOf(log.another()).read(topic);
      expect(now).toMatchObject({ at, events: [{ id: kept.id }] });
      expect(rev).toBe(4 + 3);
      const sets = openOf(log.another());
      await expect(sets.append(topic, ownerOf(text), 1, 'b')).rejects.toEqual(refused('NOT_OPEN'));
      await expect(sets.replace(topic, ownerOf(member), member.entry)).rejects.toEqual(refused('NOT_OPEN'));
      await expect(sets.settle(topic, settling(asked, 'answered', { as: 'anybody' }))).rejects.toEqual(
        refused('NOT_OPEN'),
      );
      for (const { id } of [text, asked, member])
        await expect(sets.find(topic, id)).rejects.toEqual(refused('NOT_OPEN'));
      expect((await log.broker.bounds(topic)).last).toBe(3);
      await expect.poll(() => sink.changes).toHaveLength(3);
      const told = sink.changes.map((change) => 'state' in change && [change.id, change.state]);
      expect(told.toSorted()).toEqual(
        [
          [text.id, 'aborted'],
          [asked.id, 'withdrawn'],
          [member.id, 'lost'],
        ].toSorted(),
      );
      sink.expectInOrder();
      // Its key may be used again.
      const again = reply('', { key: 'k' });
      expect(await sets.begin(topic, again, MOST)).toMatchObject({ id: again.id, resumed: false });
      expect(await sets.append(topic, ownerOf(kept), 4, '!')).toBe(5);
    });

    test('[V7] nothing is remembered of events that were settled, no answer either', async () => {
      await using log = await open();
      const [asked, text, kept] = [approval('', { key: 'q' }), reply('', { key: 't' }), approval()];
      const sets = openOf(log.broker);
      for (const event of [asked, text, kept]) await begin(log, event);
      const answer = { allow: true };
      const answered = { as: 'anybody', by: 'boss', answer } as const;
      await sets.settle(topic, settling(asked, 'answered', answered));
      await sets.settle(topic, settling(text, 'done'));
      await sets.settle(topic, settling(kept, 'answered', answered));
      const { rev } = await sets.read(topic);
      await openOf(log.another()).forget(topic, [asked.id, text.id]);
      for (const { id } of [asked, text])
        await expect(sets.find(topic, id)).rejects.toEqual(refused('NOT_OPEN'));
      expect(await sets.find(topic, kept.id)).toMatchObject({ state: 'answered', answer });
      expect((await sets.read(topic)).rev).toBe(rev);
      for (const again of [approval('', { key: 'q' }), reply('', { key: 't' })]) {
        const begun = await sets.begin(topic, again, MOST);
        expect(begun).toMatchObject({ id: again.id, resumed: false });
        expect(begun).not.toHaveProperty('settled');
      }
      // To forget an event again takes nothing from the one that has its key now.
      await sets.forget(topic, [asked.id]);
      expect(await sets.begin(topic, approval('', { key: 'q' }), MOST)).toMatchObject({ resumed: true });
    });

    test('[V7] at once with a settlement: either it has a record and is forgotten, or it was not open', async () => {
      await using log = await open();
      for (let round = 0; round < 10; round++) {
        const event = reply('', { id: `id-${round}` });
        await begin(log, event);
        const { last } = await log.broker.bounds(topic);
        const [settled] = await Promise.allSettled([
          openOf(log.broker).settle(topic, settling(event, 'done')),
          openOf(log.another()).forget(topic, [event.id]),
        ]);
        if (settled.status === 'rejected') expect(settled.reason).toEqual(refused('NOT_OPEN'));
        const records = settled.status === 'fulfilled' ? 1 : 0;
        expect((await log.broker.bounds(topic)).last).toBe(last + records);
        await expect(openOf(log.broker).find(topic, event.id)).rejects.toEqual(refused('NOT_OPEN'));
      }
    });

    test('[V7] in a topic that nothing was begun in there is nothing to forget', async () => {
      await using log = await open();
      await log.broker.publish(topic, [entry(1)]);
      const before = await openOf(log.broker).read(topic);
      await openOf(log.broker).forget(topic, ['never']);
      await openOf(log.broker).forget(topic, []);
      expect(await openOf(log.broker).read(topic)).toEqual(before);
    });
  });

  describe('open events: all text of a topic', () => {
    test('[O11] is 16 Mi characters at most, and what is settled or forgotten makes room', async () => {
      await using log = await open();
      const sets = openOf(log.broker);
      // Characters are counted, not bytes: some take three. Most take one, or half of the time goes to copying.
      const full = '漢'.repeat(MAX_GROWN);
      const plain = 'x'.repeat(MAX_GROWN);
      const events = Array.from({ length: MAX_OPEN_CHARS / MAX_GROWN }, (_, n) =>
        reply('', { id: `id-${n}` }),
      );
      const [last = reply(), ...others] = events;
      const [first = last, second = last] = others;
      for (const event of events) await sets.begin(topic, event, MOST);
      for (const event of others) await sets.append(topic, ownerOf(event), 0, event === first ? full : plain);
      const member = viewer();
      await sets.begin(topic, member, MOST);
      const end = MAX_GROWN - 40_000;
      const name = 'x'.repeat(40_000);
      const replaced = openEntry(member.id, 'presence', 'open', { name });
      const toTheEnd = () => sets.append(topic, ownerOf(last), 0, full); // keys and entries count too
      await expect(toTheEnd()).rejects.toEqual(refused('TOO_LARGE'));
      await sets.append(topic, ownerOf(last), 0, full.slice(0, end));

      const before = await sets.read(topic);
      await expect(sets.begin(topic, approval(name), MOST)).rejects.toEqual(refused('TOO_MANY_OPEN'));
      await expect(sets.begin(topic, reply(name), MOST)).rejects.toEqual(refused('TOO_MANY_OPEN'));
      await expect(sets.append(topic, ownerOf(last), end, name)).rejects.toEqual(refused('TOO_LARGE'));
      await expect(sets.replace(topic, ownerOf(member), replaced)).rejects.toEqual(refused('TOO_LARGE'));
      expect(comparable(await sets.read(topic))).toEqual(comparable(before));
      // What is there already takes nothing.
      expect(await sets.begin(topic, last, MOST)).toMatchObject({ resumed: true });
      expect(await sets.append(topic, ownerOf(last), 0, full.slice(0, end))).toBe(end);
      await sets.begin('run-2', approval(name), MOST);

      await sets.settle(topic, settling(first, 'aborted'));
      expect(await sets.append(topic, ownerOf(last), end, name)).toBe(MAX_GROWN);
      await sets.replace(topic, ownerOf(member), replaced);
      await sets.begin(topic, approval(name), MOST);
      await expect(sets.begin(topic, reply(full), MOST)).rejects.toEqual(refused('TOO_MANY_OPEN'));
      await sets.forget(topic, [second.id]);
      await sets.replace(topic, ownerOf(member), member.entry);
      await sets.begin(topic, reply(full.slice(0, MAX_GROWN / 2 + 30_000)), MOST);
      const set = await openOf(log.another()).read(topic);
      expect(comparable(set)).toEqual(comparable(await sets.read(topic)));
      expect(set.events).toHaveLength(65);
    });
  });
}

import { describe, expect, test } from 'vitest';
import { formatCursor } from '../../../shared/cursor.ts';
import { entry } from '../contract/entries.ts';
import type { BrokerKind } from '../contract/fixtures.ts';
import {
  approval,
  begin,
  comparable,
  openOf,
  ownerOf,
  refused,
  reply,
  settling,
  topic,
  viewer,
} from './open-events.ts';

/** Contract of every broker's open sets, continued: to find an event, and to read them all. */
export function describeOpenRead({ open }: BrokerKind): void {
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

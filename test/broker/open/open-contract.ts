import { describe, expect, test } from 'vitest';
import type { NewOpenEvent } from '../../../server/broker/open/open-events.ts';
import { formatCursor } from '../../../shared/cursor.ts';
import { EventsError } from '../../../shared/errors.ts';
import { MAX_GROWN } from '../../../shared/open/bounds.ts';
import type { BrokerFixture, BrokerKind } from '../contract/fixtures.ts';
import { describeOpenBegin } from './open-begin-contract.ts';
import {
  approval,
  begin,
  look,
  MOST,
  openEntry,
  openOf,
  ownerOf,
  refused,
  reply,
  settling,
  topic,
  viewer,
} from './open-events.ts';
import { describeOpenForget } from './open-forget-contract.ts';
import { describeOpenLeases } from './open-lease-contract.ts';
import { describeOpenRead } from './open-read-contract.ts';
import { describeOpenSettle } from './open-settle-contract.ts';
import { describeOpenTail } from './open-tail-contract.ts';

/** Repeats a renewal until the event's time has moved on: clocks may stand between two calls. */
async function expectRenewed(log: BrokerFixture, id: string, renew: () => Promise<unknown>): Promise<void> {
  const before = await look(log, id);
  await expect
    .poll(async () => {
      log.passTime(5);
      await renew();
      return (await look(log, id)).until;
    })
    .toBeGreaterThan(before.until);
}

/** Contract of every broker's open sets: see the comments of OpenEvents. */
export function describeOpen(kind: BrokerKind): void {
  const { open } = kind;
  describeOpenBegin(kind);
  describeOpenSettle(kind);
  describeOpenLeases(kind);
  describeOpenRead(kind);
  describeOpenForget(kind);
  describeOpenTail(kind);
  describe('open events: append and replace', () => {
    test('[O4] text is appended at the end, in UTF-16 code units, and is no record', async () => {
      await using log = await open();
      const event = reply('😀');
      const { rev } = await begin(log, event);
      const owner = ownerOf(event);
      expect(await openOf(log.broker).append(topic, owner, 2, ' é漢')).toBe(5);
      expect(await openOf(log.another()).append(topic, owner, 5, '\u0000"\\\u2028')).toBe(9);
      expect(await openOf(log.broker).append(topic, owner, 9, '👩‍👩‍👧')).toBe(17);
      const grown = await look(log, event.id);
      expect(grown.grows).toEqual({ field: 'text', text: '😀 é漢\u0000"\\\u2028👩‍👩‍👧' });
      expect(grown.entry).toMatchObject(event.entry); // as it was begun
      expect(grown.rev).toBe(rev + 3);
      expect((await log.broker.bounds(topic)).last).toBe(1);
    });

    test('[O4] text that is there already is a duplicate: it is answered, and changes nothing', async () => {
      await using log = await open();
      const event = reply('ab😀');
      await begin(log, event);
      const sets = openOf(log.broker);
      await sets.append(topic, ownerOf(event), 4, 'cd');
      const before = await look(log, event.id);
      for (const [at, text] of [
        [4, 'cd'],
        [4, 'c'],
        [0, 'ab'],
        [2, '😀c'],
        [6, ''],
        [3, ''],
      ] as const)
        expect(await sets.append(topic, ownerOf(event), at, text)).toBe(6);
      const { until: _, ...after } = await look(log, event.id);
      expect(after).toEqual({ ...before, until: undefined });
      expect((await sets.read(topic)).rev).toBe(before.rev);
    });

    test('[O4] anything else is a CONFLICT with the length', async () => {
      await using log = await open();
      const event = reply('ab😀cd');
      const before = await begin(log, event);
      const sets = openOf(log.broker);
      for (const [at, text] of [
        [7, 'x'],
        [7, ''],
        [5, 'x'],
        [5, 'dx'],
        [4, 'cdx'],
        [0, 'ba'],
      ] as const)
        await expect(sets.append(topic, ownerOf(event), at, text)).rejects.toEqual(
          refused('CONFLICT', { length: 6 }),
        );
      expect(await look(log, event.id)).toEqual(before);
    });

    test('[O4] one of two writers at one place goes on, and the other knows', async () => {
      await using log = await open();
      const event = reply();
      await begin(log, event);
      const brokers = [log.broker, log.another()];
      const results = await Promise.all(
        brokers.map((broker, n) =>
          openOf(broker)
            .append(topic, ownerOf(event), 0, `${n}`)
            .catch((error: unknown) => error),
        ),
      );
      expect(results).toContainEqual(1);
      expect(results).toContainEqual(refused('CONFLICT', { length: 1 }));
    });

    test('[O11] TOO_LARGE: a text is 256 KiB of characters at most, from its beginning on', async () => {
      await using log = await open();
      const half = '漢'.repeat(MAX_GROWN / 2);
      const event = reply(half);
      await begin(log, event);
      const sets = openOf(log.broker);
      const owner = ownerOf(event);
      await expect(sets.append(topic, owner, half.length, `${half}x`)).rejects.toEqual(refused('TOO_LARGE'));
      expect(await sets.append(topic, owner, half.length, half)).toBe(MAX_GROWN);
      await expect(sets.append(topic, owner, MAX_GROWN, 'x')).rejects.toEqual(refused('TOO_LARGE'));
      expect(await sets.append(topic, owner, half.length, half)).toBe(MAX_GROWN);
      const before = await sets.read(topic);
      await expect(sets.begin(topic, reply(`${half}${half}x`), MOST)).rejects.toEqual(refused('TOO_LARGE'));
      expect(await sets.read(topic)).toEqual(before);
    });

    test('a presence is replaced, and is no record', async () => {
      await using log = await open();
      const event = viewer('Ada');
      await begin(log, event);
      const entry = openEntry(event.id, 'presence', 'open', { name: 'Ada', line: '漢 😀' });
      await openOf(log.another()).replace(topic, ownerOf(event), { ...entry, meta: '{"v":1}' });
      expect(await look(log, event.id)).toMatchObject({ entry: { ...entry, meta: '{"v":1}' }, rev: 2 });
      expect((await log.broker.bounds(topic)).last).toBe(0);
    });

    test('each kind has its own changes', async () => {
      await using log = await open();
      const [text, asked, member] = [reply(), approval(), viewer()];
      for (const event of [text, asked, member]) await begin(log, event);
      const sets = openOf(log.broker);
      const before = await sets.read(topic);
      for (const event of [asked, member])
        await expect(sets.append(topic, ownerOf(event), 0, 'x')).rejects.toEqual(refused('INVALID_OPTION'));
      for (const event of [text, asked])
        await expect(sets.replace(topic, ownerOf(event), event.entry)).rejects.toEqual(
          refused('INVALID_OPTION'),
        );
      expect(await sets.read(topic)).toEqual(before);
    });

    test('[O8] appending, duplicates too, and replacing renew the lease', async () => {
      await using log = await open();
      const [text, member] = [reply(), viewer()];
      for (const event of [text, member]) await begin(log, event);
      const sets = openOf(log.broker);
      let length = 0;
      await expectRenewed(log, text.id, async () => {
        length = await sets.append(topic, ownerOf(text), length, 'x');
      });
      await expectRenewed(log, text.id, () => sets.append(topic, ownerOf(text), 0, 'x'));
      await expectRenewed(log, member.id, () => sets.replace(topic, ownerOf(member), member.entry));
    });
  });

  describe('open events: owners', () => {
    /** All changes that only an owner may make. */
    const changes = (
      log: BrokerFixture,
      event: NewOpenEvent,
      owner: { key: string; by: string | undefined },
    ) => {
      const sets = openOf(log.broker);
      const as = { id: event.id, ...owner };
      const change =
        event.kind === 'growing'
          ? () => sets.append(topic, as, 0, 'x')
          : () => sets.replace(topic, as, event.entry);
      return [change, () => sets.settle(topic, settling(event, 'done', { as: owner }))];
    };

    test('[O9] another key or subject is FORBIDDEN', async () => {
      await using log = await open();
      for (const event of [reply('', { by: 'user-1' }), viewer('', { by: 'user-1' }), reply()]) {
        await begin(log, event);
        const before = await openOf(log.broker).read(topic);
        const strangers = [
          { key: 'other', by: event.by },
          { key: event.key, by: 'user-2' },
          ...(event.by === undefined ? [] : [{ key: event.key, by: undefined }]),
        ];
        for (const stranger of strangers)
          for (const change of changes(log, event, stranger))
            await expect(change()).rejects.toEqual(refused('FORBIDDEN'));
        expect(await openOf(log.broker).read(topic)).toEqual(before);
      }
    });

    test('NOT_OPEN: never begun, or in another topic', async () => {
      await using log = await open();
      const event = reply();
      await openOf(log.broker).begin('run-2', event, MOST);
      for (const each of [event, viewer()])
        for (const change of changes(log, each, each))
          await expect(change()).rejects.toEqual(refused('NOT_OPEN'));
      await expect(openOf(log.broker).find(topic, event.id)).rejects.toEqual(refused('NOT_OPEN'));
      expect((await log.broker.bounds(topic)).last).toBe(0);
    });

    test('[O1] ALREADY_SETTLED tells its owner how and by whom, and a stranger nothing', async () => {
      await using log = await open();
      for (const [event, state] of [
        [reply('', { by: 'user-1' }), 'done'],
        [viewer('', { by: 'user-1' }), 'left'],
      ] as const) {
        await begin(log, event);
        const settled = await openOf(log.another()).settle(topic, settling(event, state, { by: 'user-1' }));
        const { epoch, last } = await log.broker.bounds(topic);
        const cursor = formatCursor({ epoch, seq: last });
        expect(settled).toEqual({ id: event.id, state, by: 'user-1', cursor });
        for (const change of changes(log, event, event)) {
          const error = await change().catch((thrown: unknown) => thrown);
          expect(error).toEqual(refused('ALREADY_SETTLED'));
          expect(error instanceof EventsError && error.settled).toEqual(settled);
        }
        for (const change of changes(log, event, { key: 'other', by: 'user-1' }))
          await expect(change()).rejects.toEqual(refused('FORBIDDEN'));
        expect(await openOf(log.another()).find(topic, event.id)).toEqual(settled);
        expect((await log.broker.bounds(topic)).last).toBe(last);
      }
    });
  });
}

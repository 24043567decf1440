import { describe, expect, test } from 'vitest';
import { MAX_EMPTY_TOPICS } from '../../server/broker/retention/retention.ts';
import type { SqliteBroker } from '../../server/broker/sqlite/sqlite-broker.ts';
import { allRecords, entries, entry } from '../broker/contract/entries.ts';
import {
  approval,
  comparable,
  LONG_MS,
  MOST,
  OpenRecordingSink,
  ownerOf,
  refused,
  reply,
  settling,
  topic,
  typing,
  viewer,
} from '../broker/open/open-events.ts';
import { DiskFixture } from './fixtures.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

/** Ids of what has lapsed. */
async function lapsedIds({ open }: SqliteBroker): Promise<string[]> {
  return (await open.lapsed(100)).map(({ event }) => event.id).toSorted();
}

describe('open events in a file', () => {
  test.each(['closed', 'killed'])(
    'survive when it is %s: questions to their deadline, all others for one lease more',
    async (how) => {
      await using disk = new DiskFixture();
      const first = await disk.open();
      const asked = approval('deploy', { by: 'asker', leaseMs: DAY_MS });
      const [text, member] = [
        reply('a\u0000', { leaseMs: LONG_MS }),
        viewer('Ada', { by: 'user-1', leaseMs: LONG_MS }),
      ];
      for (const event of [asked, text, member]) await first.open.begin(topic, event, MOST);
      await first.open.begin('run-2', viewer('Bo', { leaseMs: LONG_MS }), MOST);
      await first.open.append(topic, ownerOf(text), 2, '漢"');
      await first.open.append(topic, ownerOf(text), 4, '😀');
      await first.open.replace(topic, ownerOf(member), { ...member.entry, meta: '{"v":1}', version: 2 });
      const [before, other] = [await first.open.read(topic), await first.open.read('run-2')];
      disk.passTime(LONG_MS + 1);
      if (how === 'closed') await first.close();
      else await disk.crash(first);

      const second = await disk.open();
      expect(comparable(await second.open.read(topic))).toEqual(comparable(before));
      expect(comparable(await second.open.read('run-2'))).toEqual(comparable(other));
      expect(await lapsedIds(second)).toEqual([]);
      expect(await second.open.append(topic, ownerOf(text), 4, '😀')).toBe(6);
      expect(await second.open.begin(topic, { ...asked, id: 'again' }, MOST)).toMatchObject({
        id: asked.id,
        resumed: true,
      });
      disk.passTime(LONG_MS + 1);
      const bo = other.events[0]?.id ?? '';
      expect(await lapsedIds(second)).toEqual([text.id, member.id, bo].toSorted());
      await second.open.settle(topic, settling(text, 'aborted', { as: 'lapsed' }));
      disk.passTime(DAY_MS);
      expect(await lapsedIds(second)).toEqual([asked.id, member.id, bo].toSorted());
      expect((await second.open.read(topic)).rev).toBe(before.rev + 1);
    },
  );

  test('that were settled are remembered, with answers of any type, and revisions go on', async () => {
    await using disk = new DiskFixture();
    const first = await disk.open();
    const [asked, text] = [approval('', { key: 'lone \ud800' }), reply()];
    for (const event of [asked, text]) await first.open.begin(topic, event, MOST);
    const answer = { at: new Date(0), big: 1n, text: '漢 😀' };
    const answered = await first.open.settle(
      topic,
      settling(asked, 'answered', { as: 'anybody', by: 'boss', answer }),
    );
    const done = await first.open.settle(topic, settling(text, 'done'));
    await first.close();
    const second = await disk.open();
    expect(await second.open.find(topic, asked.id)).toEqual(answered);
    expect(await second.open.find(topic, text.id)).toEqual(done);
    expect(await second.open.begin(topic, { ...asked, id: 'again' }, MOST)).toMatchObject({
      settled: answered,
    });
    await expect(second.open.append(topic, ownerOf(text), 0, 'x')).rejects.toEqual(
      refused('ALREADY_SETTLED', { settled: done }),
    );
    expect(await second.open.read(topic)).toMatchObject({ rev: 4, events: [] });
    disk.passTime(7 * DAY_MS);
    await expect(second.open.find(topic, asked.id)).rejects.toEqual(refused('NOT_OPEN'));
    const event = viewer();
    await second.open.begin(topic, event, MOST);
    await second.open.settle(topic, settling(event, 'left'));
    await second.close();
    expect(await disk.query('SELECT count(*) AS count FROM open_settled')).toEqual([{ count: 1 }]);
    expect(await disk.query('SELECT count(*) AS count FROM open_events')).toEqual([{ count: 0 }]);
  });

  test('settled leave no more than 1000 of a topic and a kind in it, and texts none', async () => {
    await using disk = new DiskFixture();
    const broker = await disk.open({ durability: 'relaxed' });
    const events = Array.from({ length: 1003 }, (_, n) => reply('', { id: `id-${n}` }));
    await Promise.all(events.map((event) => broker.open.begin(topic, event, 2000)));
    await Promise.all(events.map((event) => broker.open.append(topic, ownerOf(event), 0, 'x')));
    for (const event of events) void broker.open.settle(topic, settling(event, 'done'));
    await broker.publish(topic, [entry(1)]);
    await expect(broker.open.find(topic, 'id-2')).rejects.toEqual(refused('NOT_OPEN'));
    expect(await broker.open.find(topic, 'id-3')).toMatchObject({ state: 'done' });
    await broker.close();
    expect(await disk.query('SELECT count(*) AS count FROM open_settled')).toEqual([{ count: 1000 }]);
    expect(await disk.query('SELECT count(*) AS count FROM open_texts')).toEqual([{ count: 0 }]);
  });

  test('cost what is appended, and not what came before', async () => {
    await using disk = new DiskFixture();
    const broker = await disk.open();
    const event = reply();
    await broker.open.begin(topic, event, MOST);
    for (let at = 0; at < 500; at += 5) await broker.open.append(topic, ownerOf(event), at, 'token');
    await broker.close();
    const rows = 'SELECT count(*) AS count, sum(length(text)) AS chars FROM open_texts';
    expect(await disk.query(rows)).toEqual([{ count: 100, chars: 700 }]);
  });

  test('change with their records, or not at all, where the disk is full', async () => {
    await using disk = new DiskFixture();
    const broker = await disk.open({ maxFileBytes: 1_000_000, maxAgeMs: 60_000 });
    const sink = new OpenRecordingSink();
    await broker.tail(topic, sink);
    const event = reply();
    await broker.open.begin(topic, event, MOST);
    const full = { code: 'UNAVAILABLE', message: expect.stringMatching(/full/) };
    await expect(
      (async () => {
        for (;;) await broker.publish(topic, entries(1, 50));
      })(),
    ).rejects.toMatchObject(full);
    const before = await broker.open.read(topic);
    const { last } = await broker.bounds(topic);
    const large = 'x'.repeat(100_000);
    await expect(broker.open.append(topic, ownerOf(event), 0, large)).rejects.toMatchObject(full);
    await expect(broker.open.begin(topic, reply(large), MOST)).rejects.toMatchObject(full);
    await expect(broker.open.begin('run-2', reply(large), MOST)).rejects.toMatchObject(full);
    expect(comparable(await broker.open.read(topic))).toEqual(comparable(before));
    expect(await broker.open.read('run-2')).toMatchObject({ at: { seq: 0 }, rev: 0, events: [] });
    expect((await broker.bounds(topic)).last).toBe(last);

    disk.passTime(60_001); // retention makes room
    for (let n = 0; n < 6; n++) await broker.publish(topic, [entry(n)]);
    expect((await broker.bounds(topic)).last).toBe(last + 6);
    expect(await broker.open.append(topic, ownerOf(event), 0, large)).toBe(large.length);
    await broker.open.settle(topic, settling(event, 'done'));
    await expect
      .poll(() => sink.changes.map(({ kind, rev }) => [kind, rev]))
      .toEqual([
        ['begun', 1],
        ['appended', 2],
        ['settled', 3],
      ]);
    sink.expectInOrder();
  });

  test('refused beside other writes of a transaction, undo none of them', async () => {
    await using disk = new DiskFixture();
    const broker = await disk.open();
    const event = reply();
    const results = await Promise.allSettled([
      broker.publish(topic, [entry(1)]),
      broker.open.begin(topic, event, MOST),
      broker.open.append(topic, ownerOf(event), 5, 'x'),
      broker.open.append(topic, ownerOf(event), 0, 'x'),
      broker.open.settle('run-2', settling(event, 'done')),
      broker.open.begin(topic, viewer(), 1),
      broker.open.settle(topic, settling(event, 'done')),
      broker.publish(topic, [entry(2)]),
    ]);
    expect(results.map((each) => (each.status === 'rejected' ? each.reason.code : 'stored'))).toEqual([
      ...['stored', 'stored', 'CONFLICT', 'stored', 'NOT_OPEN', 'TOO_MANY_OPEN', 'stored', 'stored'],
    ]);
    expect((await allRecords(broker, topic)).map(({ type }) => type)).toEqual([
      'tick',
      'reply',
      'reply',
      'tick',
    ]);
    await broker.close();
    expect(await disk.query('SELECT name FROM topics')).toEqual([{ name: topic }]);
  });

  test.each([
    {
      change: 'appended to',
      refuse: ({ open }: SqliteBroker) => open.append('new', ownerOf(reply()), 0, 'x'),
    },
    {
      change: 'replaced',
      refuse: ({ open }: SqliteBroker) => open.replace('new', ownerOf(viewer()), typing('Ada')),
    },
    { change: 'settled', refuse: ({ open }: SqliteBroker) => open.settle('new', settling(reply(), 'done')) },
  ])(
    'begun in a new topic beside an unknown one that is $change, can be settled beside writes to others',
    async ({ refuse }) => {
      await using disk = new DiskFixture();
      const broker = await disk.open();
      const event = reply();
      const [refusal, begun] = await Promise.allSettled([
        refuse(broker),
        broker.open.begin('new', event, MOST),
      ]);
      expect(refusal).toEqual({ status: 'rejected', reason: refused('NOT_OPEN') });
      expect(begun).toMatchObject({ status: 'fulfilled', value: { id: event.id } });
      await Promise.all([
        broker.open.settle('new', settling(event, 'done')),
        broker.publish('other', [entry(1)]),
      ]);
      expect((await allRecords(broker, 'new')).map(({ type }) => type)).toEqual(['reply', 'reply']);
      expect(await allRecords(broker, 'other')).toHaveLength(1);
      expect(await broker.open.find('new', event.id)).toMatchObject({ state: 'done' });
    },
  );

  test('keep their topic from being forgotten, with its epoch', async () => {
    await using disk = new DiskFixture();
    const broker = await disk.open({ maxAgeMs: 1000, durability: 'relaxed' });
    const [held, member] = [viewer(), viewer()];
    await broker.open.begin('held', held, MOST);
    await broker.open.begin('left', member, MOST);
    await broker.open.settle('left', settling(member, 'left'));
    const [{ epoch }, { epoch: left }] = [await broker.bounds('held'), await broker.bounds('left')];
    disk.passTime(10 * 60_000);
    const others = Array.from({ length: MAX_EMPTY_TOPICS }, (_, n) =>
      broker.publish(`other-${n}`, [entry(n)]),
    );
    await Promise.all(others);
    disk.passTime(2 * 60_000); // all records are too old, and leave the file bit by bit
    for (let round = 0; round < 110; round++) await broker.publish(topic, [entry(round)]);
    disk.passTime(10 * 60_000); // all topics without a record may be forgotten, but for the latest
    for (let round = 0; round < 3; round++) await broker.publish(topic, [entry(round)]);
    expect((await broker.bounds('held')).epoch).toBe(epoch);
    expect((await broker.open.read('held')).events).toMatchObject([{ id: held.id }]);
    expect((await broker.bounds('left')).epoch).not.toBe(left);
    await expect(broker.open.find('left', member.id)).rejects.toEqual(refused('NOT_OPEN'));
  });

  test('that cannot be read keep the file from being opened, and leave it to the next who tries', async () => {
    await using disk = new DiskFixture();
    const first = await disk.open();
    await first.open.begin(topic, reply('a'), MOST);
    await first.publish(topic, [entry(1)]);
    const { epoch } = await first.bounds(topic);
    await first.close();
    await disk.query("UPDATE open_events SET event = '{' || event");
    const refusal = { code: 'UNAVAILABLE', message: expect.stringContaining(disk.path) };
    await expect(disk.open()).rejects.toMatchObject(refusal);
    await disk.query('UPDATE open_events SET event = substr(event, 2)');
    const second = await disk.open();
    expect((await second.open.read(topic)).events).toHaveLength(1);
    expect(await second.bounds(topic)).toMatchObject({ epoch, last: 2 });
  });
});

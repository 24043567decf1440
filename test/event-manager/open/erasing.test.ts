import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { EventManager, MemoryBroker } from '../../../server/index.ts';
import { defineEvents } from '../../../shared/index.ts';
import { type BrokerFixture, brokerKinds } from '../../broker/contract/fixtures.ts';
import { catalog, collect, type Events, OpenTopic, shorts } from './world.ts';

const refused = (code: string) => expect.objectContaining({ code });

describe.each(brokerKinds)('[V7] open events that are erased: $name', ({ open }) => {
  let log: BrokerFixture;
  let manager: EventManager<Events>;
  /** Another node of the same log: the same one where there is only one process. */
  let other: EventManager<Events>;
  let topic: OpenTopic;

  beforeEach(async () => {
    log = await open();
    manager = new EventManager({ catalog, broker: log.broker });
    other = new EventManager({ catalog, broker: log.another() });
    topic = new OpenTopic(log.broker);
  });
  afterEach(() => log[Symbol.asyncDispose]());

  /** Cursors of all records, and texts of those that were not erased. */
  const records = async () => {
    const { epoch, last } = await log.broker.bounds('default');
    const page = await log.broker.read('default', { epoch, seq: 0 }, last);
    return page.records.map(({ cursor, json }) => ({ cursor, json }));
  };
  const cursorOf = async (seq: number) => (await records())[seq - 1]?.cursor ?? '';

  test('leave the mirrors of all nodes: subscribers are told by the gap, joiners nothing, owners NOT_OPEN', async () => {
    const [gone, kept] = [await topic.reply('secret'), await topic.reply('kept')];
    using here = collect(manager);
    using there = collect(other);
    const streams = [here, there];
    for (const stream of streams) await stream.count(3);
    await gone.append(' more');
    for (const stream of streams) await stream.count(4);
    expect(await other.erase({ cursor: await cursorOf(1) })).toEqual({ erased: 1 });
    await kept.append('!');
    for (const stream of streams) {
      await stream.count(6);
      expect(shorts(stream.items).slice(3)).toEqual(['+ more@6', 'gap', '+!@4']);
      const data = { reason: 'erased', lost: 1, to: await cursorOf(1), open: [gone.id] };
      expect(stream.items[4]).toMatchObject({ data });
    }
    await expect(gone.append('!')).rejects.toEqual(refused('NOT_OPEN'));
    await expect(gone.settle('done')).rejects.toEqual(refused('NOT_OPEN'));
    for (const node of [manager, other]) {
      using late = collect(node);
      await late.count(2);
      expect(shorts(late.items)).toEqual(['reply open kept! now', 'synced']);
      expect((await node.openEvents()).items.map(({ event }) => event.open?.id)).toEqual([kept.id]);
      expect((await node.history()).items.map(({ event }) => event.data)).toEqual([
        { agent_id: 'shadow', text: 'kept!' },
      ]);
    }
    expect(JSON.stringify(await records())).not.toContain('secret');
  });

  test('and settled are erased whole, whichever of their records is meant', async () => {
    const erased = [];
    for (const meant of ['opening', 'settlement']) {
      const question = await topic.approval(`secret-${meant}`);
      await question.settle('answered', { allow: true });
      const all = await records();
      const { cursor = '' } = all.at(meant === 'opening' ? -2 : -1) ?? {};
      expect(await other.erase({ cursor })).toEqual({ erased: 2 });
      await expect(topic.open.find('default', question.id)).rejects.toEqual(refused('NOT_OPEN'));
      erased.push(question.id);
      // Repeated, it finds nothing more.
      expect(await manager.erase({ cursor })).toEqual({ erased: 0 });
    }
    expect(JSON.stringify(await records())).not.toContain('secret');
    using stream = collect(manager, { since: `${(await log.broker.bounds('default')).epoch}:0` });
    await expect.poll(() => shorts(stream.items)).toContain('synced');
    const told = stream.items.flatMap(({ data }) => (data as { open?: string[] }).open ?? []);
    expect(told).toEqual(erased);
    expect((await manager.history({ openings: true })).items).toEqual([]);
  });

  test('by a filter that matches one of their records alone, beside complete events', async () => {
    const [done, open, kept] = [
      await topic.reply(''),
      await topic.reply('secret'),
      await topic.reply('kept'),
    ];
    await topic.note('secret');
    await done.append('secret');
    await done.settle('done');
    await kept.settle('done');
    expect(await other.erase({ filter: { text: { prefix: 'secret' } } })).toEqual({ erased: 4 });
    const left = (await records()).filter(({ json }) => json.includes('shadow'));
    expect(left.map(({ cursor }) => cursor)).toEqual([await cursorOf(3), await cursorOf(6)]);
    expect(JSON.stringify(await records())).not.toContain('secret');
    for (const { id } of [done, open])
      await expect(topic.open.find('default', id)).rejects.toEqual(refused('NOT_OPEN'));
    expect(await topic.open.find('default', kept.id)).toMatchObject({ state: 'done' });
    expect(await manager.erase({ filter: {}, types: ['note'] })).toEqual({ erased: 0 });
    expect(await manager.erase({ filter: {} })).toEqual({ erased: 2 });
    await expect(topic.open.find('default', kept.id)).rejects.toEqual(refused('NOT_OPEN'));
  });

  test('are asked and begun anew with the same key, and whoever waits for an answer is told', async () => {
    const asked = manager.ask('approval', { tool: 'secret' }, { key: 'call-1' });
    await expect.poll(async () => (await manager.openEvents()).items.length).toBe(1);
    await other.erase({ cursor: await cursorOf(1) });
    await expect(asked).rejects.toEqual(refused('NOT_OPEN'));
    const again = await other.opens.begin('approval', { tool: 'deploy' }, { key: 'call-1' });
    expect(again).toMatchObject({ resumed: false });
    expect(again).not.toHaveProperty('settled');
    await manager.answer('approval', again.id, { allow: true });
    await manager.erase({ filter: { tool: 'deploy' } });
    const third = await other.opens.begin('approval', { tool: 'deploy' }, { key: 'call-1' });
    expect(third).not.toHaveProperty('settled');
  });

  test.each([{ how: 'a cursor' }, { how: 'a filter' }])(
    'are found by $how after their openings have left the log',
    async ({ how }) => {
      await log[Symbol.asyncDispose]();
      log = await open({ maxRecords: 3 });
      manager = new EventManager({ catalog, broker: log.broker });
      other = new EventManager({ catalog, broker: log.another() });
      topic = new OpenTopic(log.broker);
      const question = await topic.approval('secret');
      const [{ cursor } = { cursor: '' }] = (await manager.openEvents()).items;
      using stream = collect(other);
      await stream.count(2);
      for (let n = 0; n < 5; n++) await topic.note(n);
      expect((await log.broker.bounds('default')).first).toBeGreaterThan(1);
      const which = how === 'a cursor' ? { cursor } : { filter: { tool: 'secret' } };
      expect(await manager.erase(which)).toEqual({ erased: 1 });
      expect((await topic.open.read('default')).events).toEqual([]);
      await stream.count(8);
      const data = { reason: 'erased', lost: 1, to: cursor, open: [question.id] };
      expect(stream.items[7]).toMatchObject({ event_type: 'stream_gap', data });
      expect(await manager.erase(which)).toEqual({ erased: 0 });
    },
  );

  test('by the hundred, in a log of many records', { timeout: 30_000 }, async () => {
    const lives = await Promise.all(Array.from({ length: 600 }, (_, n) => topic.reply(`secret-${n}`)));
    await Promise.all(lives.slice(0, 300).map((live) => live.settle('done')));
    using stream = collect(other, { types: ['reply'] });
    await stream.count(301);
    expect(await manager.erase({ filter: {} })).toEqual({ erased: 900 });
    expect((await topic.open.read('default')).events).toEqual([]);
    await expect.poll(() => shorts(stream.items).filter((word) => word === 'gap')).toHaveLength(2);
    const told = stream.items.flatMap(({ data }) => (data as { open?: string[] }).open ?? []);
    expect(new Set(told)).toEqual(new Set(lives.map(({ id }) => id)));
    expect(JSON.stringify(await records())).not.toContain('secret');
  });
});

test('[V7] an event that is settled while it is erased leaves nothing: the settlement is before, or refused', async () => {
  for (let turns = 0; turns < 12; turns++) {
    const broker = new MemoryBroker();
    const manager = new EventManager({ catalog, broker });
    const topic = new OpenTopic(broker);
    const live = await topic.reply('secret');
    const { epoch } = await broker.bounds('default');
    const erasing = manager.erase({ cursor: `${epoch}:1` });
    for (let turn = 0; turn < turns; turn++) await Promise.resolve();
    const [settled, { erased }] = await Promise.all([live.settle('done').catch(() => null), erasing]);
    expect(erased).toBe(settled === null ? 1 : 2);
    const { records } = await broker.read('default', { epoch, seq: 0 }, 10);
    expect(JSON.stringify(records)).not.toContain('secret');
    await manager.close();
  }
});

test('[V7] by a cursor they are erased whole by a node whose catalog lacks them, too', async () => {
  const broker = new MemoryBroker();
  const manager = new EventManager({ catalog: defineEvents({ note: z.string() }), broker });
  const topic = new OpenTopic(broker);
  const live = await topic.reply('secret');
  await live.settle('done');
  const { epoch } = await broker.bounds('default');
  expect(await manager.erase({ cursor: `${epoch}:2` })).toEqual({ erased: 2 });
  const { records } = await broker.read('default', { epoch, seq: 0 }, 10);
  expect(JSON.stringify(records)).not.toContain('secret');
  await expect(topic.open.find('default', live.id)).rejects.toEqual(refused('NOT_OPEN'));
  await manager.close();
});

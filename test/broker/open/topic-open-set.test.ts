import { describe, expect, test } from 'vitest';
import { MemoryBroker } from '../../../server/broker/memory-broker.ts';
import { ANSWERED_MS, type NewOpenEvent, SETTLED_MS } from '../../../server/broker/open/open-events.ts';
import { OpenMemory } from '../../../server/broker/open/open-memory.ts';
import { MAX_SETTLED, SettledInMemory } from '../../../server/broker/open/settled-events.ts';
import { type Moment, TopicOpenSet } from '../../../server/broker/open/topic-open-set.ts';
import { SharedBudget } from '../../../server/memory/shared-budget.ts';
import type { LogEntry } from '../../../shared/log.ts';
import { entry } from '../contract/entries.ts';
import {
  approval,
  MOST,
  OpenRecordingSink,
  openOf,
  ownerOf,
  refused,
  reply,
  settling,
  viewer,
} from './open-events.ts';

const MIB = 1024 * 1024;

/** A set whose time and log a test rules over. */
function setOf(totalBytes = 256 * MIB) {
  const settled = new SettledInMemory();
  const memory = new OpenMemory(totalBytes);
  const set = new TopicOpenSet('default', settled, memory);
  const log: LogEntry[] = [];
  const moment = (now = 0): Moment => ({
    now,
    end: { epoch: 'e', seq: log.length },
    append: (one) => ({ epoch: 'e', seq: log.push(one) }),
  });
  const begin = (event: NewOpenEvent, now = 0) => set.begin(event, MOST, moment(now)).result;
  const settle = (event: NewOpenEvent, now = 0) =>
    set.settle(settling(event, event.kind === 'question' ? 'withdrawn' : 'done'), moment(now)).result;
  return { settled, memory, set, log, moment, begin, settle };
}

describe('settlements', () => {
  test('are remembered for a day, and those of questions for a week', () => {
    const { set, begin, settle } = setOf();
    const [text, asked] = [reply('', { key: 'k' }), approval('', { key: 'k' })];
    for (const event of [text, asked]) {
      begin(event);
      settle(event, 1000);
    }
    const knows = (event: NewOpenEvent, now: number) => {
      expect(set.find(event.id, now)).toMatchObject({ id: event.id });
      expect(begin({ ...event, id: 'another' }, now)).toMatchObject({
        id: event.id,
        settled: { id: event.id },
      });
    };
    knows(text, SETTLED_MS + 999);
    knows(asked, ANSWERED_MS + 999);
    expect(() => set.find(text.id, SETTLED_MS + 1000)).toThrow(refused('NOT_OPEN'));
    expect(() => set.find(asked.id, ANSWERED_MS + 1000)).toThrow(refused('NOT_OPEN'));
    expect(begin({ ...asked, id: 'another' }, ANSWERED_MS + 1000)).toMatchObject({ id: 'another' });
  });

  test(`are remembered ${MAX_SETTLED} of a topic and a kind, and the oldest go first`, () => {
    const { set, settled, begin, settle } = setOf();
    const events = Array.from({ length: MAX_SETTLED + 2 }, (_, n) =>
      reply('', { key: `${n}`, id: `id-${n}` }),
    );
    for (const event of events) {
      begin(event);
      settle(event);
    }
    expect(settled.size).toBe(MAX_SETTLED);
    for (const gone of ['id-0', 'id-1']) expect(() => set.find(gone, 0)).toThrow(refused('NOT_OPEN'));
    expect(set.find('id-2', 0)).toMatchObject({ state: 'done' });
    expect(begin(reply('', { key: '1' })).settled).toBeUndefined();
    while (settled.size > 0) settled.dropOldest();
    expect(settled.bytes).toBe(0);
  });

  test('are found by key as those of its latest event', () => {
    const { set, settled, begin, settle } = setOf();
    const [first, second] = [reply('', { key: 'k' }), reply('', { key: 'k' })];
    begin(first);
    settle(first);
    begin(second, SETTLED_MS);
    settle(second, SETTLED_MS);
    settled.forget(SETTLED_MS + 1);
    expect(begin(reply('', { key: 'k' }), SETTLED_MS + 1).settled).toMatchObject({ id: second.id });
    expect(set.find(second.id, SETTLED_MS + 1)).toMatchObject({ state: 'done' });
  });
});

describe('an open set', () => {
  test('takes no second event under an id', () => {
    const { begin, settle, log } = setOf();
    const event = reply('', { id: 'one' });
    begin(event);
    expect(() => begin(reply('', { id: 'one' }))).toThrow(refused('FORBIDDEN'));
    expect(() => begin(approval('', { id: 'one', key: event.key }))).toThrow(refused('FORBIDDEN'));
    settle(event);
    expect(() => begin(viewer('', { id: 'one' }))).toThrow(refused('FORBIDDEN'));
    expect(log).toHaveLength(2);
  });

  test('and its copy are changed apart, and renewed together', () => {
    const { set, begin, moment } = setOf();
    const [text, member] = [reply('a'), viewer()];
    begin(text);
    begin(member);
    const before = set.read({ epoch: 'e', seq: 1 });
    const copy = set.copy();
    expect(copy.read({ epoch: 'e', seq: 1 })).toEqual(before);
    copy.append(ownerOf(text), 1, 'b', moment());
    copy.settle(settling(member, 'left'), moment());
    copy.begin(approval(), MOST, moment());
    expect(set.read({ epoch: 'e', seq: 1 })).toEqual(before);
    expect(copy.bytes).not.toBe(set.bytes);
    set.touch([text.id], text, 5000);
    expect(copy.find(text.id, 0)).toMatchObject({ until: 5000 + text.leaseMs, grows: { text: 'ab' } });
  });

  test('gives back all memory that it has taken', () => {
    const { set, memory, begin, settle, moment } = setOf();
    const events = [reply('a'), approval(), viewer('Ada')];
    for (const event of events) begin(event);
    const [text, , member] = events;
    if (text) set.append(ownerOf(text), 1, 'x'.repeat(1000), moment());
    if (member) set.replace(ownerOf(member), { ...member.entry, meta: 'x'.repeat(500) }, moment());
    expect(memory.bytes).toBe(set.bytes);
    expect(memory.bytes).toBeGreaterThan(3 * 1200 + 1500);
    for (const event of events) settle(event);
    expect([memory.bytes, set.bytes, set.size]).toEqual([0, 0, 0]);
  });

  test('[O11] refuses what would take too much memory, and has changed nothing then', () => {
    const { set, memory, log, begin, moment } = setOf(40_000); // half of it is for open events
    const text = reply();
    const member = viewer();
    begin(text);
    begin(member);
    set.append(ownerOf(text), 0, 'x'.repeat(15_000), moment());
    const before = [set.read({ epoch: 'e', seq: 1 }), memory.bytes, set.bytes, log.length];
    const calls = [
      () => set.append(ownerOf(text), 15_000, 'x'.repeat(5000), moment(1)),
      () => set.replace(ownerOf(member), { ...member.entry, meta: 'x'.repeat(5000) }, moment(1)),
      () => begin(reply('x'.repeat(5000)), 1),
    ];
    for (const call of calls) expect(call).toThrow(refused('TOO_MANY_OPEN'));
    expect([set.read({ epoch: 'e', seq: 1 }), memory.bytes, set.bytes, log.length]).toEqual(before);
  });
});

describe('MemoryBroker', () => {
  const KIB = 1024;
  const sized = (n: number) => ({ ...entry(n), json: JSON.stringify({ text: 'x'.repeat(4 * KIB) }) });

  test('evicts no topic that has open events, and evicts it once they are settled', async () => {
    const broker = new MemoryBroker({ maxTotalBytes: 100 * KIB, maxRecords: 1000 });
    const [member, text] = [viewer(), reply('abc')];
    await openOf(broker).begin('members', member, MOST);
    await openOf(broker).begin('texts', text, MOST);
    const { epoch } = await broker.bounds('members');
    const before = await broker.bounds('texts');
    for (let n = 0; n < 100; n++) await broker.publish('flood', [sized(n)]);
    expect(await openOf(broker).read('members')).toMatchObject({
      at: { epoch },
      events: [{ id: member.id }],
    });
    expect(await openOf(broker).append('texts', ownerOf(text), 3, 'd')).toBe(4);
    expect((await broker.bounds('texts')).epoch).toBe(before.epoch);
    await openOf(broker).settle('members', settling(member, 'left'));
    for (let n = 0; n < 100; n++) await broker.publish('flood', [sized(n)]);
    expect((await broker.bounds('members')).epoch).not.toBe(epoch);
    await expect(openOf(broker).find('members', member.id)).rejects.toEqual(refused('NOT_OPEN'));
    await broker.close();
  });

  test('counts open events with its logs: records make room for them', async () => {
    const broker = new MemoryBroker({ maxTotalBytes: 200 * KIB, maxRecords: 1000 });
    for (let n = 0; n < 60; n++) await broker.publish('flood', [sized(n)]);
    const held = async () => {
      const { first, last } = await broker.bounds('flood');
      return last - first + 1;
    };
    const before = await held();
    const text = reply('x'.repeat(40 * KIB));
    await openOf(broker).begin('texts', text, MOST);
    await expect(openOf(broker).begin('more', reply('x'.repeat(30 * KIB)), MOST)).rejects.toEqual(
      refused('TOO_MANY_OPEN'),
    );
    await openOf(broker).begin('more', approval(), MOST);
    expect(await held()).toBeLessThan(before - 18);
    expect(await held()).toBeGreaterThan(1);
    await openOf(broker).settle('texts', { ...settling(text, 'done'), entry: undefined });
    for (let n = 0; n < 60; n++) await broker.publish('flood', [sized(n)]);
    expect(await held()).toBeGreaterThan(before - 15);
    await broker.close();
  });

  test('forgets settlements before records where memory is short', async () => {
    const broker = new MemoryBroker({ maxTotalBytes: 100 * KIB, maxRecords: 1000 });
    const events = Array.from({ length: 10 }, () => approval());
    const answer = 'x'.repeat(10);
    for (const event of events) {
      await openOf(broker).begin('asked', event, MOST);
      const answered = settling(event, 'answered', {
        as: 'anybody',
        answer,
        entry: { ...sized(0), id: `${event.id}.settled` },
      });
      await openOf(broker).settle('asked', answered);
    }
    const [oldest, newest] = [events[0]?.id ?? '', events.at(-1)?.id ?? ''];
    await openOf(broker).find('asked', newest);
    for (let n = 0; n < 9; n++) await broker.publish('asked', [sized(n)]);
    await expect(openOf(broker).find('asked', oldest)).rejects.toEqual(refused('NOT_OPEN'));
    expect(await broker.bounds('asked')).toMatchObject({ first: 1, last: 29 });
    await broker.close();
  });

  test('a tail that is closed in the midst of what it is told is told no more', async () => {
    const broker = new MemoryBroker();
    const sink = new OpenRecordingSink();
    const tail = await broker.tail('t', Object.assign(sink, { records: () => tail.close() }));
    await openOf(broker).begin('t', reply(), MOST);
    expect(sink.changes).toEqual([]);
    await broker.close();
  });
});

test('a part that is reserved of a budget is for no holder', () => {
  const budget = new SharedBudget<string>(100);
  budget.set('a', 60);
  expect(budget.tooLarge).toBeUndefined();
  budget.reserve(41);
  expect(budget.tooLarge).toBe('a');
  budget.set('a', 59);
  expect(budget.tooLarge).toBeUndefined();
  expect(budget.held).toBe(59);
});

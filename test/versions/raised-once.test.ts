import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { readHistory } from '../../server/event-manager/feeds/past/history.ts';
import { HeldRecords, ownAsker } from '../../server/event-manager/reading/asker.ts';
import { ReadSteps } from '../../server/event-manager/reading/steps.ts';
import { TopicReader } from '../../server/event-manager/reading/topic-reader.ts';
import { Turns } from '../../server/event-manager/reading/turns.ts';
import { RecordChecks } from '../../server/event-manager/records/record-checks.ts';
import { select } from '../../server/event-manager/records/selector.ts';
import { EventManager, MemoryBroker } from '../../server/index.ts';
import { silentLogger } from '../../server/telemetry/logger.ts';
import { defineEvents, toLogEntry, versions } from '../../shared/index.ts';

const closing: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of closing.splice(0)) await each.close();
});

const first = z.object({ message: z.string() });
const before = defineEvents({ note: first });

/** A catalog whose step from the version before is counted, and what it does meanwhile. */
function raising(during = () => {}) {
  const raised: string[] = [];
  const step = ({ message }: z.infer<typeof first>) => {
    raised.push(message);
    during();
    return { text: message };
  };
  return { catalog: defineEvents({ note: versions(first, [z.object({ text: z.string() }), step]) }), raised };
}

const entry = (message: string) => toLogEntry(before, { event_type: 'note', data: { message } });

async function oldLog(records: number, ofWhich = (n: number) => String(n)): Promise<MemoryBroker> {
  const broker = new MemoryBroker();
  closing.push(broker);
  for (let n = 0; n < records; n += 500)
    await broker.publish(
      'default',
      Array.from({ length: Math.min(500, records - n) }, (_, i) => entry(ofWhich(n + i))),
    );
  return broker;
}

describe('[V2] a record of an older version is raised once', () => {
  test('however often it is read: in history, by several subscribers, and in a replay', async () => {
    const { catalog, raised } = raising();
    const manager = new EventManager({ catalog, broker: await oldLog(10_000) });
    closing.push(manager);
    const since = { at: new Date(0).toISOString() };
    for (let time = 0; time < 3; time++) {
      let read = 0;
      for (let next: string | undefined; read < 10_000; ) {
        const page = await manager.history({ since: next ?? since, limit: 1000 });
        const [item] = page.items;
        expect(item?.event.data).toEqual({ text: String(read) });
        read += page.items.length;
        next = page.next;
      }
    }
    for (const items of [manager.subscribe({ since }), manager.replay({ speed: 1_000_000 })]) {
      let texts = 0;
      for await (const [, { event_type }] of items) {
        if (event_type === 'stream_synced') break;
        texts++;
      }
      expect(texts).toBe(10_000);
    }
    expect(raised).toHaveLength(10_000);
  });

  test('and again once it was forgotten: whoever erases leaves nothing of it', async () => {
    const { catalog, raised } = raising();
    const manager = new EventManager({ catalog, broker: await oldLog(3) });
    closing.push(manager);
    const read = () => manager.history({ since: { at: new Date(0).toISOString() } });
    const [, second] = (await read()).items;
    await read();
    expect(raised).toEqual(['0', '1', '2']);
    await manager.erase({ cursor: second?.cursor ?? '' });
    const page = await read();
    expect(page.items.map(({ event }) => event.data)).toEqual([{ text: '0' }, { text: '2' }]);
    expect(raised).toEqual(['0', '1', '2', '0', '2']);
  });
});

/** A clock that only the step moves: 2 ms each time. */
function slowStep() {
  let ms = 0;
  const { catalog, raised } = raising(() => {
    ms += 2;
  });
  const now = () => ms;
  const turns = (sliceMs = 2) => new Turns({ atOnce: 8, perAsker: 4, sliceMs, now });
  return { catalog, raised, now, turns };
}

const RECORDS = 600;

/** Turns that others have while an old log is read, and the most records that were raised in one of them. */
async function turnsWhile(work: () => Promise<unknown>, raised: readonly string[]) {
  let turns = 0;
  let most = 0;
  let isDone = false;
  const counting = (async () => {
    for (; !isDone; turns++) {
      const had = raised.length;
      await nextTurn();
      most = Math.max(most, raised.length - had);
    }
  })();
  await work();
  isDone = true;
  await counting;
  return { turns, most };
}

describe('a step that takes 2 ms', () => {
  test('lets others have a turn after each record, and a page ends that takes long', async () => {
    const { catalog, raised, now, turns } = slowStep();
    const checks = new RecordChecks(catalog, silentLogger);
    const broker = await oldLog(RECORDS);
    const log = new TopicReader(
      'default',
      broker,
      (record) => checks.admit(record),
      undefined,
      undefined,
      now,
    );
    const reads = { turns: turns(), asker: ownAsker(), held: new HeldRecords() };
    const steps = new ReadSteps(reads, undefined, undefined, now);
    const since = { at: new Date(0).toISOString() };
    const reading = () => readHistory(log, select(catalog, {}), { since, limit: RECORDS }, steps);
    let texts: unknown[] = [];
    const had = await turnsWhile(async () => {
      texts = (await reading()).page.items.map(({ event }) => event.data);
    }, raised);
    expect(texts).toEqual(Array.from({ length: RECORDS }, (_, n) => ({ text: String(n) })));
    expect(had.turns).toBeGreaterThanOrEqual(RECORDS / 2);
    expect(had.most).toBeLessThanOrEqual(2);
    expect(raised).toHaveLength(RECORDS);
  });

  test('does not keep the places of all readers: one who asks for little is not behind those who ask for much', async () => {
    const { catalog, raised, now, turns } = slowStep();
    const checks = new RecordChecks(catalog, silentLogger);
    const broker = await oldLog(RECORDS);
    const shared = turns();
    const read = (topic: string, log: MemoryBroker, limit: number) => {
      const reader = new TopicReader(topic, log, (record) => checks.admit(record), undefined, undefined, now);
      const steps = new ReadSteps(
        { turns: shared, asker: ownAsker(), held: new HeldRecords() },
        undefined,
        undefined,
        now,
      );
      const since = { at: new Date(0).toISOString() };
      return readHistory(reader, select(catalog, {}), { since, limit }, steps);
    };
    // Other texts in each log: none is raised for another.
    const logs = [];
    for (let n = 0; n < 16; n++) logs.push(await oldLog(RECORDS, (i) => `${n} ${i}`));
    const greedy = logs.map((log) => read('default', log, RECORDS));
    await nextTurn();
    await read('default', broker, 1);
    expect(raised.length).toBeLessThan(512);
    await Promise.all(greedy);
    expect(raised.length).toBeGreaterThanOrEqual(16 * RECORDS);
  });

  test('control: without an end of the turn all of a page is raised in one', async () => {
    const { catalog, raised, turns } = slowStep();
    const checks = new RecordChecks(catalog, silentLogger);
    const standing = () => 0;
    const log = new TopicReader(
      'default',
      await oldLog(RECORDS),
      (record) => checks.admit(record),
      undefined,
      undefined,
      standing,
    );
    const reads = { turns: turns(Number.POSITIVE_INFINITY), asker: ownAsker(), held: new HeldRecords() };
    const steps = new ReadSteps(reads, undefined, undefined, standing);
    const since = { at: new Date(0).toISOString() };
    const had = await turnsWhile(
      () => readHistory(log, select(catalog, {}), { since, limit: RECORDS }, steps),
      raised,
    );
    expect(had.most).toBeGreaterThanOrEqual(512);
  });
});

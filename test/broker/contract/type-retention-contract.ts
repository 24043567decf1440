import { describe, expect, test } from 'vitest';
import type { Broker, Gap, LogRecord } from '../../../server/broker/broker.ts';
import type { Types } from '../../../server/broker/retention/cuts.ts';
import type { LogEntry } from '../../../shared/log.ts';
import { entry, RecordingSink } from './entries.ts';
import type { BrokerKind } from './fixtures.ts';

const topic = 'run-1';

/** An entry of a type, with data n. */
export function entryOf(type: string, n: number, id?: string): LogEntry {
  return { ...entry(n, id), type };
}

/** Entries of types, one a letter: `c` chatty, `m` that which matters, `o` and `p` others. */
function spoken(text: string): LogEntry[] {
  const types: Readonly<Record<string, string>> = { c: 'chatty', m: 'matters', o: 'other', p: 'another' };
  return [...text].map((letter, index) => entryOf(types[letter] ?? '', index));
}

/** Records and gaps after a number, page by page; each page follows on the one before. */
async function readAll(broker: Broker, limit = 100, from = 0) {
  const { epoch, last } = await broker.bounds(topic);
  const records: LogRecord[] = [];
  const gaps: Gap[] = [];
  let pages = 0;
  for (let seq = from; ; pages++) {
    const page = await broker.read(topic, { epoch, seq }, limit);
    expect(page.records.length).toBeLessThanOrEqual(limit);
    const steps = [
      ...(page.gap ? [page.gap] : []),
      ...[...page.records, ...(page.gaps ?? [])].sort((a, b) => endOf(a) - endOf(b)),
    ];
    for (const step of steps) {
      expect('from' in step ? step.from : { epoch, seq: step.seq - 1 }).toEqual({ epoch, seq });
      if ('from' in step) expect(step.lost).toBe(step.to.seq - seq);
      seq = endOf(step);
    }
    for (const gap of page.gaps ?? []) {
      expect(page.records.some((record) => record.seq === gap.from.seq)).toBe(true);
      expect(page.records.some((record) => record.seq === gap.to.seq + 1)).toBe(true);
    }
    records.push(...page.records);
    gaps.push(...(page.gap ? [page.gap] : []), ...(page.gaps ?? []));
    if (steps.length > 0) continue;
    expect(seq).toBe(last);
    return { records, gaps, pages, seqs: records.map((record) => record.seq) };
  }
}

const endOf = (step: LogRecord | Gap): number => ('from' in step ? step.to.seq : step.seq);
const rangeOf = ({ from, to }: Gap) => [from.seq, to.seq];

/** Tells if records of a type may have been in a gap. */
function mayHold({ types }: { types?: Types }, type: string): boolean {
  if (!types) return true;
  return 'only' in types ? types.only.includes(type) : !types.allBut.includes(type);
}

/** Contract of every broker's retention by type: see the comments of Retention. */
export function describeTypeRetention({ open }: BrokerKind): void {
  describe('retention by type', () => {
    const few = { retention: { chatty: { records: 2 } } };

    test('[D4] a chatty type loses its oldest records, and no other does', async () => {
      await using log = await open(few);
      for (const one of spoken('mccmccmcc')) await log.broker.publish(topic, [one]);
      const { epoch, first, last } = await log.broker.bounds(topic);
      expect([first, last]).toEqual([1, 9]);
      const page = await log.broker.read(topic, { epoch, seq: 0 }, 100);
      expect(page.gap).toBeNull();
      expect(page.records.map(({ seq }) => seq)).toEqual([1, 4, 7, 8, 9]);
      expect(page.gaps?.map(rangeOf)).toEqual([
        [1, 3],
        [4, 6],
      ]);
      for (const gap of page.gaps ?? []) {
        expect(gap).toMatchObject({ lost: 2, reason: 'trimmed' });
        expect([mayHold(gap, 'chatty'), mayHold(gap, 'matters'), mayHold(gap, 'other')]).toEqual([
          true,
          false,
          false,
        ]);
      }
      expect((await log.another().read(topic, { epoch, seq: 7 }, 100)).gaps).toBeUndefined();
    });

    test('[D4] a range that is gone in front of a position is its gap, with the types that it may have had', async () => {
      await using log = await open(few);
      await log.broker.publish(topic, spoken('cccmccc'));
      const { epoch, first } = await log.broker.bounds(topic);
      expect(first).toBe(4);
      const { gap, records } = await log.broker.read(topic, { epoch, seq: 1 }, 100);
      expect(gap).toMatchObject({
        from: { epoch, seq: 1 },
        to: { epoch, seq: 3 },
        lost: 2,
        reason: 'trimmed',
      });
      expect([mayHold(gap ?? {}, 'chatty'), mayHold(gap ?? {}, 'matters')]).toEqual([true, false]);
      expect(records.map(({ seq }) => seq)).toEqual([4, 6, 7]);
      const hole = await log.broker.read(topic, { epoch, seq: 4 }, 1);
      expect(hole.gap).toMatchObject({ from: { epoch, seq: 4 }, to: { epoch, seq: 5 }, lost: 1 });
      expect(hole.records.map(({ seq }) => seq)).toEqual([6]);
    });

    test('[D4] other types share the general limits, which count them alone', async () => {
      await using log = await open({
        maxRecords: 3,
        retention: { matters: '1 day', chatty: { records: 1 } },
      });
      for (const one of spoken('momopocococm')) await log.broker.publish(topic, [one]);
      // o and p: 2, 4, 5, 6, 8, 10 – the last three stay; m: all; c: the last.
      const { seqs, gaps } = await readAll(log.broker);
      expect(seqs).toEqual([1, 3, 6, 8, 10, 11, 12]);
      const [second, fourth] = gaps;
      expect(second && rangeOf(second)).toEqual([1, 2]);
      expect(fourth && rangeOf(fourth)).toEqual([3, 5]);
      for (const type of ['other', 'another', 'whatever']) expect(fourth && mayHold(fourth, type)).toBe(true);
      expect(fourth && mayHold(fourth, 'matters')).toBe(false);
    });

    test.each([1, 2, 3, 7, 100])('[D4] pages of %i pass over holes, one page for many', async (limit) => {
      await using log = await open({ retention: { chatty: { records: 5 } } });
      for (let n = 0; n < 40; n++) await log.broker.publish(topic, spoken('mccc'));
      const { seqs, pages, gaps } = await readAll(log.broker, limit);
      const matters = Array.from({ length: 40 }, (_, index) => 4 * index + 1);
      expect(seqs).toEqual([...matters, 155, 156, 158, 159, 160].sort((a, b) => a - b));
      expect(gaps.map(rangeOf)).toEqual([...matters.slice(0, -2).map((seq) => [seq, seq + 3]), [153, 154]]);
      expect(pages).toBe(Math.ceil(45 / limit));
    });

    test('[D1] [D4] a batch that is more than its type may keep leaves the last of it', async () => {
      await using log = await open(few);
      await log.broker.publish(topic, spoken('m'));
      const results = await log.broker.publish(topic, spoken('ccccc'));
      expect(results.map(({ cursor }) => cursor.split(':')[1])).toEqual(['2', '3', '4', '5', '6']);
      await log.broker.publish(topic, spoken('mcm'));
      expect((await readAll(log.broker)).seqs).toEqual([1, 6, 7, 8, 9]);
    });

    test('[D4] ages are those of each type', async () => {
      await using log = await open({ maxAgeMs: 3_600_000, retention: { chatty: 150, matters: '30 days' } });
      await log.broker.publish(topic, spoken('mcoc'));
      const { epoch } = await log.broker.bounds(topic);
      log.passTime(200);
      let last = 4;
      const held = async () =>
        (await log.broker.read(topic, { epoch, seq: 0 }, 100)).records.flatMap(({ seq }) =>
          seq <= 4 ? [seq] : [],
        );
      await expect
        .poll(async () => {
          await log.broker.publish(topic, spoken('o'));
          last++;
          return held();
        })
        .toEqual([1, 3]);
      const { gaps } = await readAll(log.broker);
      expect(gaps.map(rangeOf)).toEqual([
        [1, 2],
        [3, 4],
      ]);
      expect((await log.broker.bounds(topic)).last).toBe(last);
    });

    test('[D4] bytes are those of all types that are held, and the oldest goes, whatever its type', async () => {
      const size = Buffer.byteLength(entryOf('matters', 100).json);
      await using log = await open({ maxBytes: 10 * size, retention: { chatty: { records: 2 } } });
      const speak = async (type: string, from: number, count: number) => {
        for (let n = from; n < from + count; n++) await log.broker.publish(topic, [entryOf(type, n)]);
      };
      await speak('matters', 100, 2);
      await speak('chatty', 100, 50); // what is gone does not count
      expect((await readAll(log.broker)).seqs).toEqual([1, 2, 51, 52]);
      await speak('matters', 200, 6);
      expect((await readAll(log.broker)).seqs).toEqual([1, 2, 51, 52, 53, 54, 55, 56, 57, 58]);
      await speak('matters', 300, 3);
      const { seqs, gaps } = await readAll(log.broker, 100, 1);
      expect(seqs).toEqual([52, 53, 54, 55, 56, 57, 58, 59, 60, 61]);
      expect(gaps.map(rangeOf)).toEqual([[1, 51]]);
      expect(gaps.map((gap) => [mayHold(gap, 'chatty'), mayHold(gap, 'matters')])).toEqual([[true, true]]);
      expect((await readAll(log.broker, 100, 2)).gaps.map((gap) => mayHold(gap, 'matters'))).toEqual([false]);
      const huge = { ...entryOf('chatty', 0), json: JSON.stringify({ text: 'x'.repeat(20 * size) }) };
      await log.broker.publish(topic, [huge]);
      expect((await readAll(log.broker)).seqs).toEqual([62]);
      await speak('matters', 400, 1);
      expect((await readAll(log.broker)).seqs).toEqual([63]);
    });

    test('[D3] ids outlive their records, and seek passes over holes', async () => {
      await using log = await open(few);
      const [first] = await log.broker.publish(topic, [entryOf('chatty', 1, 'key')]);
      for (const one of spoken('mccmccmcc')) {
        log.passTime(5);
        await log.broker.publish(topic, [one]);
      }
      expect(await log.another().publish(topic, [entryOf('chatty', 1, 'key')])).toEqual([
        { cursor: first?.cursor, duplicate: true },
      ]);
      const { records } = await readAll(log.broker);
      const { epoch, last } = await log.broker.bounds(topic);
      for (const { at } of records) {
        const older = records.findLast((other) => other.at < at);
        const oldest = records[0]?.seq ?? 0;
        expect(await log.broker.seek(topic, at)).toEqual({ epoch, seq: older?.seq ?? oldest - 1 });
      }
      expect(await log.broker.seek(topic, Date.now() + 3_600_000)).toEqual({ epoch, seq: last });
    });

    test('[V7] erased records count as those of their type, and go with them', async () => {
      await using log = await open({ retention: { chatty: { records: 3 } } });
      await log.broker.publish(topic, spoken('mcccm'));
      const { epoch } = await log.broker.bounds(topic);
      const notice = { ...entryOf('log.erased', 0), id: 'notice' };
      expect(await log.broker.erase(topic, epoch, [1, 2, 3], [notice])).toBe(3);
      expect((await readAll(log.broker)).seqs).toEqual([1, 2, 3, 4, 5, 6]);
      await log.broker.publish(topic, spoken('cc'));
      const { records, seqs, gaps } = await readAll(log.broker);
      expect(seqs).toEqual([1, 4, 5, 6, 7, 8]);
      expect(records.map(({ erased = false }) => erased)).toEqual([true, false, false, false, false, false]);
      expect(gaps.map((gap) => [mayHold(gap, 'chatty'), mayHold(gap, 'matters')])).toEqual([[true, false]]);
      // Notices of erasing are no others: they stay as long as anything does.
      await using narrow = await open({ maxRecords: 1, ...few });
      await narrow.broker.publish(topic, spoken('oc'));
      const other = await narrow.broker.bounds(topic);
      await narrow.broker.erase(topic, other.epoch, [2], [notice]);
      await narrow.broker.publish(topic, spoken('ooo'));
      expect((await readAll(narrow.broker)).seqs).toEqual([2, 3, 6]);
    });

    test('[D4] a follower has all, holes or not', async () => {
      await using log = await open(few);
      const sink = new RecordingSink();
      await log.another().tail(topic, sink);
      for (let n = 0; n < 10; n++) await log.broker.publish(topic, spoken('mcc'));
      await expect.poll(() => sink.received.at(-1)?.seq ?? sink.gaps.at(-1)?.to.seq).toBe(30);
      sink.expectContiguous();
    });

    test('[D2] publishes at once by two brokers keep what the limits say', async () => {
      await using log = await open({ maxRecords: 4, retention: { chatty: { records: 3 } } });
      const other = log.another();
      await Promise.all(
        Array.from({ length: 60 }, (_, n) =>
          (n % 2 === 0 ? log.broker : other).publish(topic, spoken(n % 3 === 0 ? 'oc' : 'ccc')),
        ),
      );
      const { records } = await readAll(log.broker);
      const count = (type: string) => records.filter((record) => record.type === type).length;
      expect([count('chatty'), count('other')]).toEqual([3, 4]);
      expect((await log.broker.bounds(topic)).last).toBe(20 * 2 + 40 * 3);
    });
  });
}

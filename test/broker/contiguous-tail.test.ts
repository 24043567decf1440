import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Bounds, LogRecord, ReadResult } from '../../server/broker/broker.ts';
import { gapAfter, pageOf } from '../../server/broker/gaps.ts';
import { ContiguousTail } from '../../server/broker/tail/contiguous-tail.ts';
import type { Position } from '../../shared/cursor.ts';
import { entry, RecordingSink } from './contract/entries.ts';

/** Records from…to of an epoch. */
function records(from: number, to: number, epoch = 'a'): LogRecord[] {
  return Array.from({ length: to - from + 1 }, (_, index) => {
    const seq = from + index;
    return { ...entry(seq), epoch, seq, cursor: `${epoch}:${seq}`, at: 0 };
  });
}

/** Answers of a log that holds first…last to a reader. */
function readLog(after: Position, { epoch, first, last }: Bounds, limit = 1000): ReadResult {
  const bounds = { epoch, first, last };
  const gap = gapAfter(after, bounds);
  const start = (gap?.to ?? after).seq + 1;
  return { gap, records: records(start, Math.min(last, start + limit - 1), epoch), bounds };
}

function startedAt(last: number) {
  const sink = new RecordingSink();
  const tail = new ContiguousTail(sink);
  tail.start({ epoch: 'a', first: 1, last });
  return { sink, tail };
}

describe('ContiguousTail', () => {
  test('[D4] tells holes between the records of a page in their places, as far as nothing of them was announced', () => {
    const { sink, tail } = startedAt(3);
    const bounds = { epoch: 'a', first: 1, last: 12, cuts: { others: 0, types: new Map([['tick', 11]]) } };
    const page = pageOf({ epoch: 'a', seq: 3 }, bounds, [
      ...records(5, 6),
      ...records(9, 9),
      ...records(12, 12),
    ]);
    expect(page.gap?.to.seq).toBe(4);
    expect(page.gaps?.map(({ from, to }) => [from.seq, to.seq])).toEqual([
      [6, 8],
      [9, 11],
    ]);
    tail.offer(records(4, 7));
    expect(tail.take(page)).toBe(true);
    sink.expectContiguous();
    expect(sink.received.map(({ seq }) => seq)).toEqual([4, 5, 6, 7, 9, 12]);
    expect(sink.gaps.map(({ from, to, lost }) => [from.seq, to.seq, lost])).toEqual([
      [7, 8, 1],
      [9, 11, 2],
    ]);
  });

  test('[D4] passes on the record that follows at once', () => {
    const { sink, tail } = startedAt(3);
    expect([tail.offer(records(4, 5)), tail.offer(records(6, 6))]).toEqual([true, true]);
    expect(sink.received.map(({ seq }) => seq)).toEqual([4, 5, 6]);
    sink.expectContiguous();
  });

  test('[D4] passes on only the new part of overlapping announcements', () => {
    const { sink, tail } = startedAt(3);
    expect([tail.offer(records(2, 3)), tail.offer(records(3, 5)), tail.offer(records(4, 4))]).toEqual([
      true,
      true,
      true,
    ]);
    expect(sink.received.map(({ seq }) => seq)).toEqual([4, 5]);
  });

  test('[D4] notices a lost announcement at the next one, and passes on both once the log is read', () => {
    const { sink, tail } = startedAt(3);
    expect(tail.offer(records(5, 5))).toBe(false);
    expect(sink.received).toEqual([]);
    tail.beginRead();
    expect(tail.take(readLog({ epoch: 'a', seq: 3 }, { epoch: 'a', first: 1, last: 5 }))).toBe(true);
    expect(sink.received.map(({ seq }) => seq)).toEqual([4, 5]);
  });

  test('passes on what is announced during a read after what was read', () => {
    const { sink, tail } = startedAt(3);
    tail.offer(records(5, 5));
    tail.beginRead();
    expect(tail.offer(records(6, 7))).toBe(false);
    expect(tail.take(readLog({ epoch: 'a', seq: 3 }, { epoch: 'a', first: 1, last: 5 }))).toBe(true);
    expect(sink.received.map(({ seq }) => seq)).toEqual([4, 5, 6, 7]);
    sink.expectContiguous();
  });

  test('passes on announcements during a vain read, and does not repeat what was read', () => {
    const { sink, tail } = startedAt(3);
    tail.beginRead();
    expect(tail.offer(records(4, 6))).toBe(true);
    expect(tail.take(readLog({ epoch: 'a', seq: 3 }, { epoch: 'a', first: 1, last: 5 }))).toBe(true);
    expect(sink.received.map(({ seq }) => seq)).toEqual([4, 5, 6]);
  });

  test('keeps announcements that arrive before the start', () => {
    const sink = new RecordingSink();
    const tail = new ContiguousTail(sink);
    expect([tail.offer(records(2, 3)), tail.offer(records(4, 5))]).toEqual([false, false]);
    expect(tail.start({ epoch: 'a', first: 1, last: 3 })).toBe(true);
    expect(sink.calls[0]).toEqual({ start: { epoch: 'a', seq: 3 } });
    expect(sink.received.map(({ seq }) => seq)).toEqual([4, 5]);
  });

  test('[D4] tells one gap for a range that was trimmed while its announcements were lost', () => {
    const { sink, tail } = startedAt(3);
    expect(tail.offer(records(9, 9))).toBe(false);
    tail.beginRead();
    tail.take(readLog({ epoch: 'a', seq: 3 }, { epoch: 'a', first: 7, last: 9 }));
    expect(sink.gaps).toEqual([
      { from: { epoch: 'a', seq: 3 }, to: { epoch: 'a', seq: 6 }, lost: 3, reason: 'trimmed' },
    ]);
    expect(sink.received.map(({ seq }) => seq)).toEqual([7, 8, 9]);
    sink.expectContiguous();
  });

  test('[D4] tells only the part of a gap that was not announced meanwhile', () => {
    const { sink, tail } = startedAt(3);
    tail.beginRead();
    tail.offer(records(4, 5));
    tail.take(readLog({ epoch: 'a', seq: 3 }, { epoch: 'a', first: 9, last: 9 }));
    expect(sink.gaps).toMatchObject([{ from: { seq: 5 }, to: { seq: 8 }, lost: 3 }]);
    tail.beginRead();
    tail.offer(records(10, 12));
    tail.take(readLog({ epoch: 'a', seq: 9 }, { epoch: 'a', first: 11, last: 11 }));
    expect(sink.gaps).toHaveLength(1);
    expect(sink.received.map(({ seq }) => seq)).toEqual([4, 5, 9, 10, 11, 12]);
    sink.expectContiguous();
  });

  test('[D1] [D4] tells a gap before the records of another epoch, and ignores late announcements of the old one', () => {
    const { sink, tail } = startedAt(3);
    expect(tail.offer(records(1, 2, 'b'))).toBe(false);
    tail.beginRead();
    expect(tail.take(readLog({ epoch: 'a', seq: 3 }, { epoch: 'b', first: 1, last: 2 }))).toBe(true);
    expect(sink.gaps).toEqual([
      { from: { epoch: 'a', seq: 3 }, to: { epoch: 'b', seq: 0 }, lost: null, reason: 'epoch_changed' },
    ]);
    expect(tail.offer(records(4, 5, 'a'))).toBe(false);
    tail.beginRead();
    expect(tail.take(readLog({ epoch: 'b', seq: 2 }, { epoch: 'b', first: 1, last: 2 }))).toBe(true);
    expect(sink.received.map(({ cursor }) => cursor)).toEqual(['b:1', 'b:2']);
  });

  test('reads on until the end of the log', () => {
    const { sink, tail } = startedAt(0);
    let reads = 0;
    let caughtUp = false;
    while (!caughtUp) {
      tail.beginRead();
      reads++;
      caughtUp = tail.take(
        readLog(tail.position ?? { epoch: '', seq: 0 }, { epoch: 'a', first: 1, last: 25 }, 10),
      );
    }
    expect(reads).toBe(3);
    expect(sink.received).toHaveLength(25);
  });

  test('keeps a bounded number of announcements while the log cannot be read, and reads the rest later', () => {
    const { sink, tail } = startedAt(0);
    expect(tail.offer(records(2, 2))).toBe(false);
    tail.beginRead();
    for (let seq = 3; seq <= 12_000; seq += 100) tail.offer(records(seq, seq + 99));
    expect(tail.take(readLog({ epoch: 'a', seq: 0 }, { epoch: 'a', first: 1, last: 2 }))).toBe(false);
    const { position } = tail;
    expect(position?.seq).toBeLessThan(12_000);
    tail.beginRead();
    const bounds = { epoch: 'a', first: 1, last: 12_002 };
    expect(tail.take(readLog(position ?? { epoch: '', seq: 0 }, bounds, 12_002))).toBe(true);
    expect(sink.received.at(-1)?.seq).toBe(12_002);
    sink.expectContiguous();
  });

  test('[D9] keeps fewer announcements when they are large', () => {
    const { sink, tail } = startedAt(0);
    tail.beginRead();
    const large = records(1, 100).map((record) => ({ ...record, json: 'x'.repeat(1024 * 1024) }));
    for (const record of large.slice(1)) tail.offer([record]);
    const first = { gap: null, records: large.slice(0, 1), bounds: { epoch: 'a', first: 1, last: 1 } };
    expect(tail.take(first)).toBe(false);
    expect(sink.received).toHaveLength(9);
    sink.expectContiguous();
  });

  test('[D4] passes nothing on once it is closed, even if the sink itself closes it', () => {
    const sink = new RecordingSink();
    const tail: ContiguousTail = new ContiguousTail({
      start: (position) => sink.start(position),
      records: (batch) => sink.records(batch),
      gap(gap) {
        sink.gap(gap);
        tail.close();
      },
    });
    tail.start({ epoch: 'a', first: 1, last: 3 });
    tail.beginRead();
    tail.take(readLog({ epoch: 'a', seq: 3 }, { epoch: 'b', first: 1, last: 2 }));
    tail.offer(records(3, 3, 'b'));
    expect(sink.gaps).toHaveLength(1);
    expect(sink.received).toEqual([]);
  });
});

/** Events between a log and its tail. */
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ append: fc.integer({ min: 1, max: 4 }), lost: fc.boolean() }) },
  { weight: 3, arbitrary: fc.constant({ hear: true as const }) },
  { weight: 3, arbitrary: fc.constant({ answer: true as const }) },
  { weight: 1, arbitrary: fc.constant({ check: true as const }) },
  { weight: 1, arbitrary: fc.constant({ trim: true as const }) },
  { weight: 1, arbitrary: fc.constant({ replace: true as const }) },
);

test('[D4] passes on records in order and once, and tells every hole, whatever is lost, late, trimmed or replaced', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const sink = new RecordingSink();
      const tail = new ContiguousTail(sink);
      let log = { epoch: 'e0', first: 1, last: 0 };
      const wire: LogRecord[][] = [];
      let question: Position | null = null;
      let answer: ReadResult | null = null;
      const ask = () => {
        if (question) return;
        question = tail.position ?? { epoch: '', seq: 0 };
        tail.beginRead();
        answer = readLog(question, log, 3); // of this moment, however late it arrives
      };
      const receive = () => {
        const result = answer;
        question = answer = null;
        if (result && !tail.take(result)) ask();
      };
      tail.start(log);
      for (const each of steps) {
        if ('append' in each) {
          const batch = records(log.last + 1, log.last + each.append, log.epoch);
          log = { ...log, last: log.last + each.append };
          if (!each.lost) wire.push(batch);
        } else if ('hear' in each) {
          const batch = wire.shift();
          if (batch && !tail.offer(batch)) ask();
        } else if ('answer' in each) receive();
        else if ('check' in each) ask();
        else if ('trim' in each) log = { ...log, first: Math.min(log.last + 1, log.first + 3) };
        else log = { epoch: `e${Number(log.epoch.slice(1)) + 1}`, first: 1, last: 0 };
      }
      for (const batch of wire) if (!tail.offer(batch)) ask();
      // A last check, as the broker does from time to time.
      while (question) receive();
      ask();
      while (question) receive();

      sink.expectContiguous();
      expect(tail.position).toEqual({ epoch: log.epoch, seq: log.last });
      const cursors = sink.received.map(({ cursor }) => cursor);
      expect(new Set(cursors).size).toBe(cursors.length);
    }),
    { numRuns: 2000 },
  );
});

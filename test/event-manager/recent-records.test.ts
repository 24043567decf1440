import { describe, expect, test } from 'vitest';
import { RecentRecords } from '../../server/event-manager/records/recent-records.ts';
import { gapRecord } from '../../server/event-manager/records/stream-record.ts';
import { expectGone } from '../support/garbage.ts';

const MAX_RECORDS = 10;
const MAX_CHARS = 100;

function record(seq: number, { epoch = 'e', chars = 2 } = {}) {
  return { epoch, seq, cursor: `${epoch}:${seq}`, type: 'tick', json: 'x'.repeat(chars) };
}

/** Records `from`…`to`. */
function filled(from: number, to: number, options?: { chars: number }): RecentRecords {
  const recent = new RecentRecords(MAX_RECORDS, MAX_CHARS);
  for (let seq = from; seq <= to; seq++) recent.push(record(seq, options));
  return recent;
}

function numbersAfter(
  recent: RecentRecords,
  seq: number,
  { epoch = 'e', limit = 100 } = {},
): number[] | null {
  return recent.after({ epoch, seq }, limit)?.map((found) => found.seq) ?? null;
}

describe('the recent records of a topic', () => {
  test('[D4] have holes that limits of types have made as gaps in their places, told from their beginning only', () => {
    const recent = new RecentRecords(MAX_RECORDS, 1000);
    for (const seq of [5, 6]) recent.push(record(seq));
    const [from, to] = [
      { epoch: 'e', seq: 6 },
      { epoch: 'e', seq: 8 },
    ];
    recent.push(gapRecord({ from, to, lost: 2, reason: 'trimmed', types: { only: ['tick'] } }));
    recent.push(record(9));
    expect([4, 5, 6, 8].map((seq) => numbersAfter(recent, seq))).toEqual([
      [5, 6, 8, 9],
      [6, 8, 9],
      [8, 9],
      [9],
    ]);
    expect([7, 9].map((seq) => numbersAfter(recent, seq))).toEqual([null, null]);
  });

  test('[D4] have no gap of the log itself, which is told to each reader from where that one is', () => {
    const recent = new RecentRecords(MAX_RECORDS, 1000);
    for (const seq of [1, 2]) recent.push(record(seq));
    const [from, to] = [
      { epoch: 'e', seq: 2 },
      { epoch: 'e', seq: 4 },
    ];
    recent.push(gapRecord({ from, to, lost: 2, reason: 'trimmed' }));
    for (const seq of [5, 6]) recent.push(record(seq));
    // One that came from elsewhere may be at 3, and the gap begins before it.
    expect([1, 2, 3].map((seq) => numbersAfter(recent, seq))).toEqual([null, null, null]);
    expect(numbersAfter(recent, 4)).toEqual([5, 6]);
  });

  test('[D7] are given from a position on, up to a limit', () => {
    const recent = filled(5, 8);
    expect(numbersAfter(recent, 4)).toEqual([5, 6, 7, 8]);
    expect(numbersAfter(recent, 6)).toEqual([7, 8]);
    expect(numbersAfter(recent, 4, { limit: 2 })).toEqual([5, 6]);
  });

  test('[D7] are not given for a position that they do not cover', () => {
    const recent = filled(5, 8);
    expect(numbersAfter(recent, 3)).toBeNull(); // 4 is missing
    expect(numbersAfter(recent, 8)).toBeNull(); // nothing yet
    expect(numbersAfter(recent, 6, { epoch: 'other' })).toBeNull();
    expect(numbersAfter(filled(1, 0), 0)).toBeNull();
  });

  test.each([30, 300, 1000])('are as many as may be kept after %i records', (count) => {
    const recent = filled(1, count);
    const oldest = count - MAX_RECORDS + 1;
    expect(numbersAfter(recent, oldest - 1)).toHaveLength(MAX_RECORDS);
    expect(numbersAfter(recent, oldest - 2)).toBeNull();
  });

  test('are fewer when they are large', () => {
    const recent = filled(1, 50, { chars: 30 });
    expect(numbersAfter(recent, 47)).toEqual([48, 49, 50]);
    expect(numbersAfter(recent, 46)).toBeNull();
    recent.push(record(51, { chars: MAX_CHARS + 1 })); // larger than all that is kept
    expect(numbersAfter(recent, 50)).toBeNull();
    recent.push(record(52));
    expect(numbersAfter(recent, 51)).toEqual([52]);
  });

  test('[D4] begin again after a hole, and with another epoch', () => {
    const recent = filled(1, 3);
    recent.push(record(5));
    expect(numbersAfter(recent, 2)).toBeNull();
    expect(numbersAfter(recent, 4)).toEqual([5]);
    recent.push(record(6, { epoch: 'next' }));
    expect(numbersAfter(recent, 4)).toBeNull();
    expect(numbersAfter(recent, 5, { epoch: 'next' })).toEqual([6]);
  });

  test('are released soon after they are dropped', async () => {
    const recent = filled(1, 2);
    const dropped = recent.after({ epoch: 'e', seq: 0 }, 2)?.map((each) => new WeakRef(each)) ?? [];
    for (let seq = 3; seq <= 2 + 2 * MAX_RECORDS; seq++) recent.push(record(seq));
    await expectGone(dropped);
    expect(numbersAfter(recent, 21)).toEqual([22]); // until here it lives
  });
});

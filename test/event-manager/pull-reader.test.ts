import { expect, test } from 'vitest';
import { PullReader } from '../../server/event-manager/feeds/feed-reader.ts';
import { Batch } from '../../server/event-manager/hubs/hub.ts';

/** Records of so many characters each. */
function records(count: number, chars: number) {
  const records = Array.from({ length: count }, (_, index) => {
    const seq = index + 1;
    return { epoch: 'e', seq, cursor: `e:${seq}`, type: 'tick', json: 'x'.repeat(chars) };
  });
  return new Batch(records);
}

/** Pulls so many records. */
async function pull(reader: PullReader, count: number) {
  const pulled = [];
  while (pulled.length < count) pulled.push(await reader.next());
  return pulled;
}

test('[D9] a reader is full at a number of characters, until records are pulled', async () => {
  const reader = new PullReader(10_000, 'refill');
  expect(reader.take(records(8, 1_000))).toBe(true);
  expect(reader.take(records(1, 1_000))).toBe(true);
  expect(reader.take(records(1, 1_000))).toBe(false);
  expect(await pull(reader, 2)).toHaveLength(2);
  expect(reader.isEmpty).toBe(false);
  expect(reader.take(records(1, 1_000))).toBe(true);
  await pull(reader, 9);
  expect(reader.isEmpty).toBe(true);
});

test('[D9] the size of a record includes more than its JSON, so that small records are bounded too', () => {
  const reader = new PullReader(10_000, 'refill');
  expect(reader.take(records(100, 1))).toBe(false);
});

test('a waiting reader gets the next record, then the error, and nothing once it is closed', async () => {
  const reader = new PullReader(10_000, 'refill');
  const next = reader.next();
  reader.take(records(2, 1));
  expect(await next).toMatchObject({ seq: 1 });
  expect(await reader.next()).toMatchObject({ seq: 2 });
  reader.take(records(1, 1));
  reader.fail(new Error('gone'));
  expect(await reader.next()).toMatchObject({ seq: 1 });
  await expect(reader.next()).rejects.toThrow('gone');
  const closed = new PullReader(10_000, 'refill');
  closed.take(records(1, 1));
  closed.close();
  expect(await closed.next()).toBeNull();
  // Its feed has not been closed yet: what came now would follow what was forgotten, which its cursor would pass over.
  expect(closed.take(records(2, 1))).toBe(false);
  expect(await closed.next()).toBeNull();
});

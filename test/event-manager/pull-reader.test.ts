import { expect, test } from 'vitest';
import { PullReader } from '../../server/event-manager/pull-reader.ts';

/** Records of so many characters each. */
function records(count: number, chars: number) {
  return Array.from({ length: count }, (_, index) => {
    const seq = index + 1;
    return { epoch: 'e', seq, cursor: `e:${seq}`, type: 'tick', json: 'x'.repeat(chars) };
  });
}

test('[D9] a reader is full with a number of records, or of characters, until they are pulled', async () => {
  const reader = new PullReader(10, 100);
  expect(reader.take(records(9, 1))).toBe(true);
  expect(reader.take(records(1, 1))).toBe(false);
  expect(await reader.next()).toHaveLength(10);
  expect(reader.take(records(3, 30))).toBe(true);
  expect(reader.take(records(1, 30))).toBe(false);
  expect(await reader.next()).toHaveLength(4);
  expect(reader.take(records(9, 1))).toBe(true);
});

test('one that waits gets what comes, the error after it, and nothing once it is closed', async () => {
  const reader = new PullReader(10, 100);
  const next = reader.next();
  reader.take(records(2, 1));
  expect(await next).toHaveLength(2);
  reader.take(records(1, 1));
  reader.fail(new Error('gone'));
  expect(await reader.next()).toHaveLength(1);
  await expect(reader.next()).rejects.toThrow('gone');
  const closed = new PullReader(10, 100);
  closed.take(records(1, 1));
  closed.close();
  expect(await closed.next()).toBeNull();
});

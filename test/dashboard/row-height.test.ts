import { expect, test } from 'vitest';
import { rowHeight } from '../../dashboard/conversation/row-height.ts';
import type { FeedItem } from '../../dashboard/model/feed-items.ts';
import { message } from './snapshots.ts';

test('the height of a row is guessed once for each width of the feed', () => {
  let looks = 0;
  const event = message(1, 0);
  const data = {
    ...event.data,
    get message() {
      looks++;
      return 'word '.repeat(100);
    },
  };
  const entry = { row: 0, clock: 0, at: 0, arrivedAt: 0, event: { ...event, data } };
  // A row is another object in each state of the conversation.
  const item = (): FeedItem => ({ kind: 'message', key: 'a:1', entry });
  const heights = [480, 480, 240, 240, 480].map((width) => rowHeight(item(), width));
  expect(looks).toBe(3);
  expect(heights).toEqual([heights[0], heights[0], heights[2], heights[2], heights[0]]);
  expect(heights[2]).toBeGreaterThan(heights[0] ?? Number.NaN);
});

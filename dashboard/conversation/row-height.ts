import type { FeedItem } from '../model/feed-items.ts';

const HEIGHTS: Readonly<Record<FeedItem['kind'], number>> = {
  message: 51,
  speaking: 51,
  note: 48,
  event: 26,
  gap: 60,
};
/** Height of a line of words, and average width of a character, px. */
const LINE = 24.1;
const CHARACTER = 7.3;
/** Part of a row's width that is not for words, px. */
const BESIDES = 86;
const USUAL_WIDTH = 480;

/** About how high a row will be, px: the better the guess, the calmer the feed. */
export function rowHeight(item: FeedItem | undefined, width: number = USUAL_WIDTH): number {
  if (!item) return HEIGHTS.message;
  const text =
    item.kind === 'message'
      ? item.entry.event.data.message
      : item.kind === 'speaking'
        ? item.speaking.text
        : null;
  if (text === null) return HEIGHTS[item.kind];
  const perLine = Math.max(10, (width - BESIDES) / CHARACTER);
  const lines = text
    .split('\n')
    .reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / perLine)), 0);
  return Math.round(HEIGHTS[item.kind] + lines * LINE);
}

import type { PageEvent } from '../events.ts';
import type { FeedItem } from '../model/feed-items.ts';
import { excerpt } from '../model/format.ts';

const HEIGHTS: Readonly<Record<FeedItem['kind'], number>> = {
  message: 51,
  speaking: 51,
  question: 88,
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

interface Guess {
  readonly width: number;
  readonly height: number;
}

const guesses = new WeakMap<PageEvent, Guess>();

/**
 * About how high a row will be, px: the better the guess, the calmer the feed. The feed asks for every row that was never in sight,
 * each time that there are new ones: so a guess is kept for as long as the feed is as wide.
 */
export function rowHeight(item: FeedItem | undefined, width: number = USUAL_WIDTH): number {
  if (item?.kind !== 'message' && item?.kind !== 'question') return guess(item, width);
  const { event } = item.entry;
  const known = guesses.get(event);
  if (known?.width === width) return known.height;
  const height = guess(item, width);
  guesses.set(event, { width, height });
  return height;
}

function guess(item: FeedItem | undefined, width: number): number {
  if (!item) return HEIGHTS.message;
  const text =
    item.kind === 'message'
      ? item.entry.event.data.message
      : item.kind === 'speaking'
        ? item.speaking.text
        : item.kind === 'question'
          ? item.entry.event.data.question
          : null;
  if (text === null) return HEIGHTS[item.kind];
  const perLine = Math.max(10, (width - BESIDES) / CHARACTER);
  const lines = excerpt(text)
    .split('\n')
    .reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / perLine)), 0);
  return Math.round(HEIGHTS[item.kind] + lines * LINE);
}

import type { FeedItem } from './feed-items.ts';
import { plainText } from './plain-text.ts';

/** The events of what is shown, one JSON object a line, each with its cursor; the command line reads them again. */
export function exportLines(items: readonly FeedItem[]): string {
  return items
    .flatMap((item) => {
      if (item.kind === 'gap') return [JSON.stringify({ event_type: 'stream_gap', data: item.gap })];
      if (item.kind === 'speaking') return [];
      const { cursor, ...event } = item.entry.event;
      return [plainText({ cursor, ...event })];
    })
    .map((line) => `${line}\n`)
    .join('');
}

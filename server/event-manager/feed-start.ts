import { parseCursor } from '../../shared/cursor.ts';
import type { Since } from '../../shared/since.ts';
import type { FeedStart } from './feed.ts';
import { startOfLast } from './history.ts';
import type { Hub } from './hub.ts';
import type { Selector } from './selector.ts';
import { gapRecord } from './stream-record.ts';
import type { TopicLog } from './topic-log.ts';

/** The position a subscription starts at. Called once the hub's tail is attached. */
export async function feedStart(hub: Hub, selector: Selector, since: Since | undefined): Promise<FeedStart> {
  return since === undefined ? { position: hub.position } : startAfter(hub.log, selector, since);
}

/** The position to read a log from. */
export async function startAfter(log: TopicLog, selector: Selector, since: Since): Promise<FeedStart> {
  if (typeof since === 'string') return { position: parseCursor(since) };
  if ('last' in since) return { position: await startOfLast(log, selector, since.last) };
  const { epoch, first } = await log.bounds();
  const position = await log.seek(since.at);
  // The oldest record still held is newer than asked for: some that were trimmed may have been meant.
  if (first > 1 && position.epoch === epoch && position.seq <= first - 1) {
    const from = { epoch, seq: 0 };
    return { position, gap: gapRecord({ from, to: position, lost: null, reason: 'trimmed' }) };
  }
  return { position };
}

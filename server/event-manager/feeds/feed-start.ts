import { type Position, parseCursor, type Since } from '../../../shared/cursor.ts';
import { gapBeforeTime, oldestPosition } from '../../broker/gaps.ts';
import type { Hub } from '../hubs/hub.ts';
import { startOfLast } from '../reading/read-backward.ts';
import type { ReadSteps } from '../reading/steps.ts';
import type { TopicReader } from '../reading/topic-reader.ts';
import type { Selector } from '../records/selector.ts';
import { gapRecord, type StreamRecord } from '../records/stream-record.ts';

/** The start of a feed, and a loss before it, if there is one. */
export interface FeedStart {
  readonly position: Position;
  readonly gap?: StreamRecord;
  /** True where the hub stands: nothing that was written before is asked for. */
  readonly isNow?: boolean;
}

/** The position a subscription starts at. Called once the hub's tail is attached. */
export async function feedStart(
  hub: Hub,
  selector: Selector,
  since: Since | undefined,
  steps: ReadSteps,
): Promise<FeedStart> {
  return since === undefined
    ? { position: hub.position, isNow: true }
    : startAfter(hub.log, selector, since, steps);
}

/** The position to read a log from. */
export async function startAfter(
  log: TopicReader,
  selector: Selector,
  since: Since,
  steps: ReadSteps,
): Promise<FeedStart> {
  if (typeof since === 'string') return { position: parseCursor(since) };
  if ('last' in since) return { position: await startOfLast(log, selector, since.last, steps) };
  const bounds = await steps.read(() => log.bounds());
  const position = await steps.read(() => log.seek(since.at));
  const before = gapBeforeTime(position, bounds);
  const gap = before && gapRecord(before);
  return gap && selector.matches(gap) ? { position, gap } : { position };
}

/** The position before all that a log holds. */
export async function startOfAll(log: TopicReader, steps: ReadSteps): Promise<FeedStart> {
  return { position: oldestPosition(await steps.read(() => log.bounds())) };
}

import type { AnyCatalog } from '../../../../shared/catalog.ts';
import { type Position, parseCursor, samePosition } from '../../../../shared/cursor.ts';
import { EventsError } from '../../../../shared/errors.ts';
import type { EventName } from '../../../../shared/events.ts';
import { MAX_SPEED, type ReplayOptions } from '../../../../shared/options/read-options.ts';
import { type Clock, onAbort, Pace } from '../../../../shared/timing.ts';
import { hasReached, newestPosition } from '../../../broker/gaps.ts';
import { patiently, ReadSteps, type Reads } from '../../reading/steps.ts';
import type { TopicReader } from '../../reading/topic-reader.ts';
import { addItem, isLoss } from '../../records/erasure.ts';
import type { Selector } from '../../records/selector.ts';
import {
  type DeliveredItem,
  deliveredItem,
  gapRecord,
  isNoticeType,
  type StreamRecord,
  syncedRecord,
} from '../../records/stream-record.ts';
import { startAfter, startOfAll } from '../feed-start.ts';
import { checkRange } from './check-range.ts';
import { Past } from './past.ts';

/** Records read at a time, and characters of JSON of those that are wanted. Few: they are held while the replay waits. */
const READ_RECORDS = 64;
const HELD_CHARS = 16 * 1024;

type Range = Pick<ReplayOptions<string, AnyCatalog>, 'since' | 'until' | 'openings'>;
type Timing = Pick<ReplayOptions<string, AnyCatalog>, 'speed' | 'maxPauseMs'>;

/** @throws EventsError INVALID_OPTION, INVALID_CURSOR */
export function checkReplay({ since, until, speed = 1, maxPauseMs = 0 }: Range & Timing): void {
  if (!(speed > 0 && speed <= MAX_SPEED)) {
    throw new EventsError('INVALID_OPTION', `replay: speed must be above 0, up to ${MAX_SPEED}`);
  }
  if (!(maxPauseMs >= 0)) throw new EventsError('INVALID_OPTION', 'replay: maxPauseMs must be 0 or more');
  checkRange('replay', { since, until });
}

interface Replaying {
  clock: Clock;
  reads: Reads;
  signal: AbortSignal | undefined;
}

/**
 * A part of a topic's past, each event when its time has come. What cannot be read any more is a `stream_gap` in its
 * place; the last item is a `stream_synced` [D4] [D5]. A reader that takes no more is waited for; one that returns ends
 * it at once, whatever it waits for.
 */
export function replay<N extends EventName<C>, C extends AnyCatalog>(
  log: TopicReader,
  selector: Selector,
  options: ReplayOptions<N, C>,
  replaying: Replaying,
): AsyncIterableIterator<DeliveredItem<N, C>, void, undefined> {
  const stop = new AbortController();
  const items = replayed<N, C>(log, selector, options, replaying, stop);
  return {
    next: () => items.next(),
    return() {
      stop.abort();
      return items.return();
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

async function* replayed<N extends EventName<C>, C extends AnyCatalog>(
  log: TopicReader,
  selector: Selector,
  { speed = 1, maxPauseMs = Number.POSITIVE_INFINITY, ...range }: ReplayOptions<N, C>,
  { clock, reads, signal: asked }: Replaying,
  stop: AbortController,
): AsyncGenerator<DeliveredItem<N, C>, void, undefined> {
  const { signal } = stop;
  if (asked?.aborted) return;
  const letGo = asked && onAbort(asked, () => stop.abort(asked.reason));
  const pace = new Pace(clock, { speed, maxPauseMs });
  try {
    for await (const record of recordsOf(log, selector, range, { reads, signal })) {
      const item = deliveredItem<N, C>(record);
      if (!isNoticeType(record.type)) await pace.until(Date.parse(item[1].timestamp), signal);
      if (signal.aborted) return;
      yield item;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    letGo?.();
  }
}

async function* recordsOf(
  log: TopicReader,
  selector: Selector,
  range: Range,
  { reads, signal }: { reads: Reads; signal: AbortSignal | undefined },
): AsyncGenerator<StreamRecord, void, undefined> {
  const steps = new ReadSteps(reads, signal, READ_RECORDS);
  const end = await patiently(() => endOf(log, range, steps), signal);
  const { position: start, gap } = await patiently(() => startOf(log, selector, range, steps), signal);
  const { openings = false } = range;
  const past = await patiently(() => Past.begin(log, selector, openings, steps), signal);
  let position = start;
  let recovered = gap === undefined;
  if (gap) yield gap;
  // A start beyond the log's end is a gap: the log was rewound.
  let isToBeRead = range.until === undefined && !samePosition(position, end);
  for (; isToBeRead || !hasReached(position, end); isToBeRead = false) {
    const from = position;
    const chunk = await patiently(() => steps.read((most, time) => log.read(from, most, time)), signal);
    if (chunk.gap) {
      yield gapRecord(chunk.gap);
      position = chunk.gap.to;
      recovered = false;
    }
    if (position.epoch !== end.epoch) break; // another log, which has passed every end of this one
    const wanted: StreamRecord[] = [];
    let chars = 0;
    for (const record of steps.within(chunk)) {
      if (hasReached(position, end) || chars >= HELD_CHARS) break;
      const item = past.form(record);
      if (item) {
        if (isLoss(item)) recovered = false;
        addItem(wanted, item);
        chars += item.json.length;
      }
      position = record;
    }
    for (const item of wanted) yield await patiently(() => past.asItIs(item), signal);
    if (chunk.records.length === 0 && !chunk.gap) break; // there is no more
  }
  yield syncedRecord(position, recovered);
}

async function startOf(log: TopicReader, selector: Selector, { since }: Range, steps: ReadSteps) {
  return since === undefined ? startOfAll(log, steps) : startAfter(log, selector, since, steps);
}

async function endOf(log: TopicReader, { until }: Range, steps: ReadSteps): Promise<Position> {
  if (typeof until === 'string') return parseCursor(until);
  if (until !== undefined) return steps.read(() => log.seek(until.at));
  return newestPosition(await steps.read(() => log.bounds()));
}

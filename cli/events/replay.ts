import { type OpenPart, Pace, systemClock } from '../../shared/index.ts';
import type { EventsSource } from '../sources/event-source.ts';
import type { Surroundings } from '../surroundings.ts';
import { fromLine, toLine } from './event-line.ts';
import { toText } from './format.ts';
import type { InputBytes } from './input-bytes.ts';
import { OpenLines } from './open-lines.ts';
import type { PublishTo } from './publish.ts';
import { readLines } from './read-lines.ts';
import { send } from './send.ts';
import { UnreadEvents } from './unread-events.ts';

type ReplayOptions = NonNullable<Parameters<EventsSource['replay']>[0]>;
/** An event, or a stream's own item, whose time has come. */
interface Moment {
  readonly cursor?: string | undefined;
  readonly event: {
    event_type: string;
    timestamp: string;
    data: unknown;
    by?: string | undefined;
    open?: OpenPart | undefined;
    answer?: unknown;
    stored?: boolean | undefined;
  };
  /** Its data is what it was; false where a person may have written it. */
  readonly isExact: boolean;
  /** The share of the replay that is done with it, from 0 to 1; undefined where that is not known. */
  readonly share: number | undefined;
}

/** A part of a topic, in its own time or scaled. */
export async function* replayTopic(
  source: EventsSource,
  options: ReplayOptions,
  around: Surroundings,
): AsyncGenerator<Moment, void, undefined> {
  const endMs = around.isProgressSeen ? await endOf(source, options) : undefined;
  const unread = new UnreadEvents(source, around);
  let startMs: number | undefined;
  for await (const { cursor, event } of source.replay(options)) {
    await unread.look(event, options.topic);
    if (event.event_type === 'stream_synced') continue;
    const atMs = Date.parse(event.timestamp);
    startMs ??= atMs;
    const share = endMs === undefined ? undefined : (atMs - startMs) / (endMs - startMs);
    yield { cursor, event, isExact: true, share };
  }
}

/** When the last event is from that a replay of a topic will come to. */
async function endOf(
  source: EventsSource,
  { topic, types, until }: ReplayOptions,
): Promise<number | undefined> {
  if (typeof until === 'object') return Date.parse(until.at);
  const before = until === undefined ? undefined : { before: until };
  const { items } = await source.history({ topic, types, limit: 1, ...before });
  const [last] = items;
  return last && Date.parse(last.event.timestamp);
}

/** Lines that `export` wrote, in the intervals of their timestamps; all of them, but for their types. */
export async function* replayLines(
  input: InputBytes,
  { speed = 1, maxPauseMs = Number.POSITIVE_INFINITY, types, signal }: ReplayOptions,
): AsyncGenerator<Moment, void, undefined> {
  const pace = new Pace(systemClock, { speed, maxPauseMs });
  let bytes = 0;
  for await (const lines of readLines(input)) {
    for (const line of lines) {
      bytes += Buffer.byteLength(line.text) + 1;
      const [read] = fromLine(line);
      if (!read) continue;
      const { cursor, by, open, answer, stored, event, isExact = false } = read;
      const { event_type, data, timestamp = new Date().toISOString() } = event;
      if (types && !types.includes(event_type)) continue;
      await pace.until(Date.parse(timestamp), signal).catch(() => {}); // it is seen that it ends
      if (signal?.aborted) return;
      const share = input.size && bytes / input.size;
      yield {
        cursor,
        event: {
          event_type,
          timestamp,
          data,
          ...(by !== undefined && { by }),
          ...(open && { open }),
          ...(answer !== undefined && { answer }),
          ...(stored !== undefined && { stored }),
        },
        isExact,
        share,
      };
    }
  }
}

/** Prints them: for people on a terminal, as lines of JSON elsewhere. */
export async function printMoments(moments: AsyncIterable<Moment>, around: Surroundings): Promise<void> {
  for await (const { cursor = '', event } of counted(moments, around)) {
    await around.print(around.isTerminal ? toText(event) : toLine(cursor, event));
  }
}

/**
 * Publishes them as if they happened again: with the time that it is now. So nothing is settled once more: an event that has
 * grown is complete, and a question stays out, see {@link OpenLines}.
 */
export async function publishMoments(to: PublishTo, moments: AsyncIterable<Moment>): Promise<void> {
  const open = new OpenLines(false);
  for await (const { cursor, event, isExact } of counted(moments, to.around)) {
    if (event.event_type === 'stream_gap' || open.admit(event) === null) continue;
    const { event_type, data, by } = event;
    await send(to, [{ name: '', cursor, isExact, by, event: { event_type, data } }]);
  }
  open.note(to.around);
}

async function* counted(
  moments: AsyncIterable<Moment>,
  around: Surroundings,
): AsyncGenerator<Moment, void, undefined> {
  let share: number | undefined;
  using progress = around.progress(() => share);
  for await (const moment of moments) {
    yield moment;
    progress.add(1);
    ({ share } = moment);
  }
}

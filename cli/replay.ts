import { setTimeout as delay } from 'node:timers/promises';
import { Pace } from '../shared/index.ts';
import type { EventAccess } from './event-access.ts';
import { fromLine, toLine } from './event-line.ts';
import { toText } from './format.ts';
import { isTerminal, print } from './output.ts';
import { send } from './publish.ts';
import { readLines } from './read-lines.ts';

type ReplayOptions = NonNullable<Parameters<EventAccess['replay']>[0]>;
/** An event, or a stream's own item, whose time has come. */
interface Moment {
  readonly cursor?: string | undefined;
  readonly event: { event_type: string; timestamp: string; data: unknown };
}

/** A part of a topic, in its own time or scaled. */
export async function* replayTopic(
  access: EventAccess,
  options: ReplayOptions,
): AsyncGenerator<Moment, void, undefined> {
  for await (const { cursor, event } of access.replay(options)) {
    if (event.event_type !== 'stream_synced') yield { cursor, event };
  }
}

/** Lines that `export` wrote, in the intervals of their timestamps; all of them, but for their types. */
export async function* replayLines(
  input: AsyncIterable<Buffer>,
  { speed = 1, maxPauseMs = Number.POSITIVE_INFINITY, types, signal }: ReplayOptions,
): AsyncGenerator<Moment, void, undefined> {
  const pause = (ms: number) => delay(ms, undefined, { signal }).catch(() => {}); // the loop sees that it ends
  const pace = new Pace({ now: () => performance.now(), sleep: pause }, { speed, maxPauseMs });
  for await (const lines of readLines(input)) {
    for (const { cursor, event } of lines.flatMap(fromLine)) {
      const { event_type, data, timestamp = new Date().toISOString() } = event;
      if (types && !types.includes(event_type)) continue;
      await pace.until(Date.parse(timestamp), signal);
      if (signal?.aborted) return;
      yield { cursor, event: { event_type, timestamp, data } };
    }
  }
}

/** Prints them: for people on a terminal, as lines of JSON elsewhere. */
export async function printMoments(moments: AsyncIterable<Moment>): Promise<void> {
  for await (const { cursor = '', event } of moments) {
    await print(isTerminal ? toText(event) : toLine(cursor, event));
  }
}

/** Publishes them as if they happened again: with the time that it is now. */
export async function publishMoments(
  to: { access: EventAccess; topic: string },
  moments: AsyncIterable<Moment>,
): Promise<void> {
  for await (const { event } of moments) {
    if (event.event_type === 'stream_gap') continue;
    await send(to, [{ name: '', event: { event_type: event.event_type, data: event.data } }]);
  }
}

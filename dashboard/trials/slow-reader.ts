import type { EventsClient } from '../../client/index.ts';
import type { SimulationCatalog } from '../../simulation/index.ts';
import type { Entry } from '../model/log.ts';
import { isUpTo } from '../model/place.ts';

/** A slow reader's account of itself. */
export interface SlowReading {
  /** Events that it has read. */
  readonly read: number;
  /** Events that it was told it will not get. */
  readonly lost: number;
}

interface SlowReaderOptions {
  readonly client: Pick<EventsClient<SimulationCatalog>, 'stream'>;
  readonly topic: string | undefined;
  /** Time for which it waits after each event, ms. */
  readonly pauseMs: number;
  /** Time for which it is slow, ms; then it reads on as fast as events come. */
  readonly slowMs: number;
  /** The place up to which it reads then: where the rest of the page is, see {@link newestPlace}. */
  readonly newest: () => string | undefined;
  readonly signal: AbortSignal;
  readonly onRead: (reading: SlowReading) => void;
}

/** Events that are complete when they are published. */
const COMPLETE = ['agent_message', 'network_update', 'system_status', 'simulation_state'] as const;

/** The place of the newest event that a slow reader gets: after others it would wait for one of its own. */
export function newestPlace(entries: readonly Entry[]): string | undefined {
  const types: readonly string[] = COMPLETE;
  return entries.findLast(({ event }) => event.stored !== false && types.includes(event.event_type))?.event
    .cursor;
}

/** Follows a topic beside the page, slowly at first; then catches up with the page, and ends. */
export async function readSlowly(options: SlowReaderOptions): Promise<SlowReading> {
  const { client, topic, pauseMs, slowMs, newest, signal, onRead } = options;
  const caughtUp = new AbortController();
  let reading: SlowReading = { read: 0, lost: 0 };
  let isSlow = true;
  let place: string | undefined;
  const endIfLevel = (): void => {
    if (isSlow || place === undefined) return;
    const end = newest();
    // In another log than the page it has nothing to catch up with.
    if (end === undefined || isUpTo(end, place) !== false) caughtUp.abort();
  };
  // On a quiet topic no event comes that would tell that the time is over.
  const timer = setTimeout(() => {
    isSlow = false;
    endIfLevel();
  }, slowMs);
  const until = AbortSignal.any([signal, caughtUp.signal]);
  try {
    for await (const { cursor, event } of client.stream({
      topic,
      types: COMPLETE,
      bufferSize: 1,
      signal: until,
    })) {
      if (event.event_type === 'stream_gap')
        reading = { ...reading, lost: reading.lost + (event.data.lost ?? 0) };
      else if (event.event_type !== 'stream_synced') reading = { ...reading, read: reading.read + 1 };
      onRead(reading);
      place = cursor;
      endIfLevel();
      if (isSlow) await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  } finally {
    clearTimeout(timer);
  }
  return reading;
}

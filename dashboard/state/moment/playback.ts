import { countUpTo, type Log, rowOf, stepsOf } from '../../model/log.ts';

/** A place before the live end. */
export interface Place {
  readonly row: number;
  readonly clock: number;
}

export interface Playback {
  /** Null: live. */
  readonly place: Place | null;
  readonly playing: boolean;
  readonly rate: number;
}

export const LIVE: Playback = { place: null, playing: false, rate: 1 };

/** The last row at a place of the timeline, never before the first. */
export function placeAt({ entries }: Log, clock: number): Place | null {
  const [first] = entries;
  if (!first) return null;
  const from = Math.max(clock, first.clock);
  const index = countUpTo(entries, from, (entry) => entry.clock) - 1;
  return { row: entries[index]?.row ?? first.row, clock: from };
}

/**
 * Tells if a log has let go of the event that is shown last at a row, as the held one still has it, for newer ones. Records and
 * what is no record leave apart: some of either may stand before all that is left of the other.
 */
export function isDropped(newest: Log, held: Log, row: number): boolean {
  const shown = held.entries[countUpTo(held.entries, row, rowOf) - 1];
  const oldest = newest.entries.find(({ event }) => event.stored === shown?.event.stored);
  return oldest !== undefined && row < oldest.row;
}

/** The place of an event, or null when it is not in the log. */
export function placeOf({ entries }: Log, cursor: string): Place | null {
  return entries.find(({ event }) => event.cursor === cursor) ?? null;
}

/** The place of the message that is so many after the one shown at `row`, or before it; null: beyond the last one. */
export function placeOfMessage(log: Log, row: number, offset: number): Place | null {
  const messages = stepsOf(log);
  const here = countUpTo(messages, row, rowOf) - 1;
  const index = here + offset;
  return index < 0 ? (log.entries[0] ?? null) : (messages[index] ?? null);
}

/** A playback a while later; live when it has come to the end. */
export function advance(playback: Playback, log: Log, ms: number): Playback {
  const { place, playing, rate } = playback;
  if (!place || !playing) return playback;
  const clock = place.clock + ms * rate;
  if (clock >= (log.entries.at(-1)?.clock ?? 0)) return { ...LIVE, rate };
  const next = placeAt(log, clock);
  return { ...playback, place: next && { ...next, row: Math.max(next.row, place.row) } };
}

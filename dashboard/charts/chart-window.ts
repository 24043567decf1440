import { clockTime } from '../model/format.ts';
import { countUpTo, type Entry } from '../model/log.ts';
import type { Moment } from '../state/moment/moment.ts';

/** Time that charts look back on, and their least width, ms of the timeline. */
const WINDOW_MS = 300_000;
const LEAST_MS = 20_000;

/** First and last place on the timeline that charts show: they end with the moment. */
export function chartRange({ scene, clock }: Moment): readonly [number, number] {
  const first = scene.entries[0]?.clock ?? clock;
  return [Math.max(clock - WINDOW_MS, Math.min(first, clock - LEAST_MS)), clock];
}

/** Entries of a chart: one more to the left, so that lines come from somewhere. */
export function inRange<T extends Entry>(
  entries: readonly T[],
  [from]: readonly [number, number],
): readonly T[] {
  return entries.slice(Math.max(0, countUpTo(entries, from, ({ clock }) => clock) - 1));
}

/** The time at a place of the timeline; undefined before the first event. */
export function timeNamer(entries: readonly Entry[]): (clock: number) => string {
  return (clock) => {
    const index = countUpTo(entries, clock, (entry) => entry.clock) - 1;
    const entry = entries[index];
    return entry ? clockTime(entry.at + clock - entry.clock) : '';
  };
}

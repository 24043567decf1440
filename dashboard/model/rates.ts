import type { PageEventName } from '../events.ts';
import type { Entry } from './log.ts';

/** A rate over less than this says nothing, ms. */
const LEAST_MS = 5_000;

/** Events per second over the `windowMs` before `now`, or over what the log covers of it, by their timestamps. */
export function rateOf(entries: readonly Entry[], now: number, windowMs = 10_000): number {
  return recent(entries, now, windowMs).length / (coveredMs(entries, now, windowMs) / 1000);
}

/** Rates per type, of types that are in the log. */
export function ratesPerType(
  entries: readonly Entry[],
  now: number,
  windowMs: number,
): ReadonlyMap<PageEventName, { rate: number; total: number }> {
  const rates = new Map<PageEventName, { rate: number; total: number }>();
  const since = now - windowMs;
  const each = 1000 / coveredMs(entries, now, windowMs);
  for (const { at, event } of entries) {
    const counted = rates.get(event.event_type) ?? { rate: 0, total: 0 };
    counted.total++;
    if (at > since && at <= now) counted.rate += each;
    rates.set(event.event_type, counted);
  }
  return rates;
}

/** The part of the window that the log covers: less than all of it while the topic, or its retained part, is younger. */
function coveredMs([oldest]: readonly Entry[], now: number, windowMs: number): number {
  return oldest ? Math.min(windowMs, Math.max(LEAST_MS, now - oldest.at)) : windowMs;
}

/** Publishers' clocks differ a little: the search goes back further than the window. */
function recent(entries: readonly Entry[], now: number, windowMs: number): Entry[] {
  const found: Entry[] = [];
  for (let index = entries.length - 1; index >= 0; index--) {
    const entry = entries[index];
    if (!entry || entry.at < now - 2 * windowMs) break;
    if (entry.at > now - windowMs && entry.at <= now + windowMs) found.push(entry);
  }
  return found;
}

import { useEffect, useRef, useState } from 'react';
import { countUpTo, rowOf } from '../model/log.ts';
import { useMoment } from './moment/moment.ts';

interface Delivery {
  readonly row: number;
  /** From the event's timestamp until it reached the page, by two clocks, ms. */
  readonly transportMs: number;
  /** From then until it was on the screen, ms. */
  readonly screenMs: number;
}

const KEPT = 2000;
/** Longer than this nothing is under way: such an event brought an older time of its own, or the machine slept. */
const LONGEST_MS = 60_000;

/** Half of the events take less, one in a hundred more, ms. */
export interface Percentiles {
  readonly p50: number;
  readonly p99: number;
}

/** Two parts of an event's way: the network and the server have the first, the page that draws it has the second. */
export interface DeliveryTimes {
  readonly transport: Percentiles;
  readonly screen: Percentiles;
}

/**
 * Returns what tells the delivery times of the last events up to a row; null when none was delivered live.
 * @param aheadMs how far the server's clock is ahead of the page's
 */
export function useDelivery(aheadMs: number): (row: number) => DeliveryTimes | null {
  const { log, live } = useMoment();
  // State, since the figures are those of events that are on the screen already, and nothing else may happen for long.
  const [deliveries, setDeliveries] = useState<readonly Delivery[]>([]);
  /** The newest event that was there at a change before this one; null: what is new was not under way until now. */
  const last = useRef<number | null>(null);
  /** When the tab was last hidden or shown, Unix ms: what came before had to wait. */
  const seenSince = useRef(0);
  useEffect(() => {
    const note = (): void => {
      seenSince.current = Date.now();
    };
    document.addEventListener('visibilitychange', note);
    return () => document.removeEventListener('visibilitychange', note);
  }, []);
  useEffect(() => {
    const before = last.current;
    // Events of a catch-up were not under way all that time, nor are those of a replay drawn.
    const isShown = log.status === 'live' && live;
    last.current = isShown ? (log.entries.at(-1)?.row ?? -1) : null;
    if (before === null || !isShown || document.hidden) return;
    const fresh = log.entries.slice(countUpTo(log.entries, before, rowOf));
    if (fresh.length === 0) return;
    requestAnimationFrame(() => {
      const now = Date.now();
      const shown = fresh
        .filter(({ arrivedAt }) => arrivedAt >= seenSince.current)
        .map(({ row, at, arrivedAt }) => ({
          row,
          transportMs: arrivedAt - at,
          screenMs: now - arrivedAt,
        }));
      setDeliveries((known) => [...known, ...shown].slice(-KEPT));
    });
  }, [log, live]);
  return (row) => {
    const end = countUpTo(deliveries, row, (delivery) => delivery.row);
    const last = deliveries
      .slice(Math.max(0, end - 500), end)
      .filter(({ transportMs, screenMs }) => transportMs + aheadMs < LONGEST_MS && screenMs < LONGEST_MS);
    if (last.length === 0) return null;
    return {
      transport: percentiles(last.map(({ transportMs }) => Math.max(0, transportMs + aheadMs))),
      screen: percentiles(last.map(({ screenMs }) => screenMs)),
    };
  };
}

function percentiles(values: number[]): Percentiles {
  const sorted = values.sort((a, b) => a - b);
  const at = (part: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
  return { p50: at(0.5), p99: at(0.99) };
}

import { useEffect, useRef } from 'react';
import { countUpTo } from '../model/search.ts';
import { useMoment } from './moment.ts';

interface Delivery {
  readonly row: number;
  readonly ms: number;
}

const KEPT = 2000;
/** Longer than this nothing is under way: such an event brought an older time of its own. */
const LONGEST_MS = 60_000;

/** Ms from an event's timestamp until it is on this page: half of the events take less, one in a hundred more. */
export interface DeliveryTimes {
  readonly p50: number;
  readonly p99: number;
}

/**
 * Returns what tells the delivery times of the last events up to a row; null when none was delivered live.
 * @param aheadMs how far the server's clock is ahead of the page's
 */
export function useDelivery(aheadMs: number): (row: number) => DeliveryTimes | null {
  const { log } = useMoment();
  const deliveries = useRef<Delivery[]>([]);
  const last = useRef<number | null>(null);
  useEffect(() => {
    const newest = log.entries.at(-1)?.row ?? -1;
    const before = last.current;
    if (log.status === 'live') last.current = newest;
    // What a catch-up brings was not under way all that time.
    if (before === null || log.status !== 'live') return;
    const now = Date.now();
    const fresh = log.entries.slice(countUpTo(log.entries, before, ({ row }) => row));
    for (const { row, at } of fresh) deliveries.current.push({ row, ms: now - at });
    if (deliveries.current.length > 2 * KEPT) deliveries.current = deliveries.current.slice(-KEPT);
  }, [log]);
  return (row) => {
    const known = deliveries.current;
    const end = countUpTo(known, row, (delivery) => delivery.row);
    const sorted = known
      .slice(Math.max(0, end - 500), end)
      .map(({ ms }) => Math.max(0, ms + aheadMs))
      .filter((ms) => ms < LONGEST_MS)
      .sort((a, b) => a - b);
    const at = (part: number): number =>
      sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
    return sorted.length === 0 ? null : { p50: at(0.5), p99: at(0.99) };
  };
}

import { useEffect, useRef, useState } from 'react';
import type { Log } from '../../model/log.ts';
import { setUrlParams, urlParams } from '../url-state.ts';
import { type Place, placeOf } from './playback.ts';

/** Longer than a drag pauses, for browsers limit how often the address may change. */
const SETTLED_MS = 350;
/** Ms after which loaded events are in the log. */
const ARRIVED_MS = 500;
/** Pages of older events that are looked through. */
const MOST_PAGES = 12;

export type Search = 'none' | 'searching' | 'not-found';

/**
 * Keeps the replay's cursor in the address as `at`, and goes to the one it begins with, loading older events until it
 * is there.
 */
export function useAddressMoment(
  log: Log,
  place: Place | null,
  goTo: (place: Place) => void,
  loadOlder: () => Promise<boolean>,
): Search {
  const [wanted, setWanted] = useState(() => urlParams().get('at'));
  const [search, setSearch] = useState<Search>(wanted === null ? 'none' : 'searching');
  const latest = useRef({ log, loadOlder });
  const ready = log.status !== 'connecting' && log.status !== 'catching-up';
  const cursor = place && log.entries.find(({ row }) => row === place.row)?.event.cursor;

  useEffect(() => {
    latest.current = { log, loadOlder };
  }, [log, loadOlder]);

  useEffect(() => {
    const found = wanted !== null && ready && placeOf(log, wanted);
    if (!found) return;
    goTo(found);
    setWanted(null);
    setSearch('none');
  }, [wanted, ready, log, goTo]);

  // Goes on whatever happens to the log meanwhile, until the effect above has found it.
  useEffect(() => {
    if (wanted === null || !ready) return;
    let current = true;
    const searchOlder = async (): Promise<void> => {
      for (let page = 0; page < MOST_PAGES && current; page++) {
        if (placeOf(latest.current.log, wanted)) return;
        const more = await latest.current.loadOlder();
        await new Promise((resolve) => setTimeout(resolve, ARRIVED_MS));
        if (!more) break;
      }
      if (!current) return;
      setWanted(null);
      setSearch('not-found');
    };
    void searchOlder();
    return () => {
      current = false;
    };
  }, [wanted, ready]);

  useEffect(() => {
    if (wanted !== null) return;
    const timer = setTimeout(() => setUrlParams({ at: cursor ?? null }), SETTLED_MS);
    return () => clearTimeout(timer);
  }, [cursor, wanted]);

  return search;
}

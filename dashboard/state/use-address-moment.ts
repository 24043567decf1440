import { useEffect, useRef, useState } from 'react';
import type { Log } from '../model/log.ts';
import { type Place, placeOf } from './replay.ts';
import { setUrlParams, urlParams } from './url-state.ts';

/** Longer than a drag pauses, for browsers limit how often the address may change. */
const SETTLED_MS = 350;
/** What was loaded is in the log after this, ms. */
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
  const pages = useRef(0);
  const cursor = place && log.entries.find(({ row }) => row === place.row)?.event.cursor;

  useEffect(() => {
    if (wanted === null || log.status === 'connecting' || log.status === 'catching-up') return;
    let current = true;
    const found = placeOf(log, wanted);
    if (found) {
      goTo(found);
      setWanted(null);
      setSearch('none');
      return;
    }
    // The older ones make another log, and another search.
    let giveUp: ReturnType<typeof setTimeout> | undefined;
    loadOlder().then((more) => {
      if (!current || (more && ++pages.current < MOST_PAGES)) return;
      giveUp = setTimeout(() => {
        setWanted(null);
        setSearch('not-found');
      }, ARRIVED_MS);
    });
    return () => {
      current = false;
      clearTimeout(giveUp);
    };
  }, [wanted, log, goTo, loadOlder]);

  useEffect(() => {
    if (wanted !== null) return;
    const timer = setTimeout(() => setUrlParams({ at: cursor ?? null }), SETTLED_MS);
    return () => clearTimeout(timer);
  }, [cursor, wanted]);

  return search;
}

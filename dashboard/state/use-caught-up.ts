import { useEffect, useState } from 'react';
import type { Log } from '../model/log.ts';

/** Time for which it is shown, ms. */
const SHOWN_MS = 10_000;

/** Number of events that a resume brought, for a while after it; null otherwise. The first catch-up is no resume. */
export function useCaughtUp({ status, caughtUp }: Log): number | null {
  const [wasLost, setWasLost] = useState(false);
  const [shown, setShown] = useState<number | null>(null);
  if (status === 'stale' && !wasLost) setWasLost(true);
  if (status === 'live' && wasLost) {
    setWasLost(false);
    setShown(caughtUp);
  }
  useEffect(() => {
    if (shown === null) return;
    const timer = setTimeout(() => setShown(null), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [shown]);
  return shown;
}

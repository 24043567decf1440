import { useEffect, useState } from 'react';
import type { ServerStats } from '../../client/index.ts';
import { useConnection, useEventsClient } from '../events.ts';

export interface StatsSample {
  /** When it was asked for, Unix ms. */
  readonly at: number;
  readonly stats: ServerStats;
}

const INTERVAL_MS = 2000;
const FIRST_MS = 300;
/** Half an hour of samples. */
const KEPT = 900;

/**
 * What the server says of itself, asked for again and again while the page is seen. Samples are kept, so that a
 * replay shows what was said then.
 */
export function useServerStats(): readonly StatsSample[] {
  const { status } = useConnection();
  const getClient = useEventsClient();
  const [samples, setSamples] = useState<readonly StatsSample[]>([]);
  useEffect(() => {
    if (status !== 'live') return;
    const abort = new AbortController();
    const ask = async (): Promise<void> => {
      if (document.hidden) return;
      try {
        const stats = await getClient().stats({ signal: abort.signal, timeoutMs: INTERVAL_MS });
        if (!abort.signal.aborted) {
          setSamples((before) => [...before.slice(1 - KEPT), { at: Date.now(), stats }]);
        }
      } catch {
        // The connection bar says what is wrong; the last figures stay.
      }
    };
    // By then this page's own subscription counts, too.
    const first = setTimeout(ask, FIRST_MS);
    const timer = setInterval(ask, INTERVAL_MS);
    return () => {
      clearTimeout(first);
      clearInterval(timer);
      abort.abort();
    };
  }, [status, getClient]);
  return samples;
}

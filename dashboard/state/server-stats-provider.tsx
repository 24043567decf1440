import { createContext, type ReactNode, use, useEffect, useState } from 'react';
import type { ServerStats } from '../../client/index.ts';
import { useConnection, useEventsClient } from '../events.ts';
import { useNow } from './use-now.ts';

export interface StatsSample {
  /** When it was answered, Unix ms. */
  readonly at: number;
  /** Time that the answer took, ms. */
  readonly tookMs: number;
  readonly stats: ServerStats;
}

const INTERVAL_MS = 2000;
const FIRST_MS = 300;
/** Half an hour of samples. */
const KEPT = 900;

const StatsContext = createContext<readonly StatsSample[]>([]);

/**
 * Figures of the server, asked for again and again while the page is seen. Samples are kept, so that a
 * replay shows what was said then.
 */
export function ServerStatsProvider({ children }: { children: ReactNode }): ReactNode {
  const { status } = useConnection();
  const getClient = useEventsClient();
  const [samples, setSamples] = useState<readonly StatsSample[]>([]);
  useEffect(() => {
    if (status !== 'live') return;
    const abort = new AbortController();
    const ask = async (): Promise<void> => {
      if (document.hidden) return;
      try {
        const asked = performance.now();
        const stats = await getClient().stats({ signal: abort.signal, timeoutMs: INTERVAL_MS });
        if (!abort.signal.aborted) {
          const sample = { at: Date.now(), tookMs: performance.now() - asked, stats };
          setSamples((before) => [...before.slice(1 - KEPT), sample]);
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
  return <StatsContext value={samples}>{children}</StatsContext>;
}

/** The answers of the server so far; none where the viewer may not ask. */
export function useServerStats(): readonly StatsSample[] {
  return use(StatsContext);
}

/** Ms by which the server's clock is ahead of this page's, as the quickest of the last answers tells it; 0 before any. */
export function useClockAheadMs(): number {
  const samples = use(StatsContext);
  const [quickest] = samples.slice(-30).sort((a, b) => a.tookMs - b.tookMs);
  // The server answered about half-way between question and answer.
  return quickest ? Date.parse(quickest.stats.now) - (quickest.at - quickest.tookMs / 2) : 0;
}

/** The time by the server's clock, which those of publishers are near, Unix ms; as {@link useNow} otherwise. */
export function useServerNow(ms: number, enabled: boolean): number {
  return useNow(ms, enabled) + useClockAheadMs();
}

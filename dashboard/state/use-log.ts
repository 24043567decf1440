import { useCallback, useEffect, useRef, useState } from 'react';
import { useEventSelector, useEvents } from '../events.ts';
import { createLogReader, type Log } from '../model/log.ts';

/** Events from before the page was opened, and events that it keeps. */
const BEFORE = { last: 1000 };
const KEPT = 4000;
const OLDER = 1000;
/** No eye sees more of a crowd of events. A single one is shown at once. */
const CALM_MS = 100;

/** All events of a topic, in one subscription; a new log ten times a second at most. */
export function useLog(topic: string | undefined): { log: Log; loadOlder: () => Promise<boolean> } {
  const [read] = useState(createLogReader);
  const log = useEventSelector(read, useCalm(CALM_MS), { topic, since: BEFORE, limit: KEPT });
  // The same subscription, without its events: only what loads more of them is wanted.
  const { loadOlder: load } = useEvents({ topic, since: BEFORE, limit: KEPT, filter: nothing });
  const loadOlder = useCallback(() => load(OLDER), [load]);
  return { log, loadOlder };
}

function nothing(): boolean {
  return false;
}

/**
 * An equality that takes what comes within `ms` of the last change for no change. After that it is another function,
 * and whoever compares with it looks again.
 */
function useCalm(ms: number): (before: unknown, after: unknown) => boolean {
  const [round, setRound] = useState(0);
  const changedAt = useRef(Number.NEGATIVE_INFINITY);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(
    () => () => {
      clearTimeout(timer.current);
      timer.current = undefined;
    },
    [],
  );
  // biome-ignore lint/correctness/useExhaustiveDependencies: each round has a function of its own
  return useCallback(
    (before: unknown, after: unknown) => {
      if (before === after) return true;
      const wait = changedAt.current + ms - performance.now();
      if (wait > 0) {
        timer.current ??= setTimeout(() => {
          timer.current = undefined;
          setRound((number) => number + 1);
        }, wait);
        return true;
      }
      changedAt.current = performance.now();
      return false;
    },
    [ms, round],
  );
}

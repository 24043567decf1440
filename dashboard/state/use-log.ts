import { useCallback, useEffect, useRef, useState } from 'react';
import { useEventSelector, useEvents } from '../events.ts';
import { createLogReader, type Log } from '../model/log.ts';

/** Events from before the page was opened, and events that it keeps. */
const BEFORE = { last: 1000 };
const KEPT = 4000;
const OLDER = 1000;
/** No eye sees more of a crowd of events. A single one is shown at once. */
const CALM_MS = 120;
/** A page that is slow to draw has this many times as long for something else. */
const SHARE = 4;
const LONGEST_MS = 300;

/** All events of a topic, in one subscription; a new log eight times a second at most, and less often on a slow machine. */
export function useLog(topic: string | undefined): { log: Log; loadOlder: () => Promise<boolean> } {
  const [read] = useState(createLogReader);
  const calm = useCalm();
  const log = useEventSelector(read, calm.isEqual, { topic, since: BEFORE, limit: KEPT });
  useEffect(() => {
    if (log) calm.onDrawn();
  }, [log, calm.onDrawn]);
  // The same subscription, without its events: only what loads more of them is wanted.
  const { loadOlder: load } = useEvents({ topic, since: BEFORE, limit: KEPT, filter: nothing });
  const loadOlder = useCallback(() => load(OLDER), [load]);
  return { log, loadOlder };
}

function nothing(): boolean {
  return false;
}

/**
 * An equality that takes what comes soon after the last change for no change. When the time is over it is another
 * function, and whoever compares with it looks again.
 */
function useCalm() {
  const [round, setRound] = useState(0);
  const changed = useRef({ at: Number.NEGATIVE_INFINITY, waitMs: CALM_MS });
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(
    () => () => {
      clearTimeout(timer.current);
      timer.current = undefined;
    },
    [],
  );
  /** The last change is on the screen: how long that took says how soon the next may be. */
  const onDrawn = useCallback(() => {
    const { at } = changed.current;
    const drawing = performance.now() - at;
    changed.current = { at, waitMs: Math.min(Math.max(CALM_MS, SHARE * drawing), LONGEST_MS) };
  }, []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: each round has a function of its own
  const isEqual = useCallback(
    (before: unknown, after: unknown) => {
      if (before === after) return true;
      const wait = changed.current.at + changed.current.waitMs - performance.now();
      if (wait > 0) {
        timer.current ??= setTimeout(() => {
          timer.current = undefined;
          setRound((number) => number + 1);
        }, wait);
        return true;
      }
      changed.current = { at: performance.now(), waitMs: CALM_MS };
      return false;
    },
    [round],
  );
  return { isEqual, onDrawn };
}

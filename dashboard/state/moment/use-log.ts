import { useCallback, useEffect, useRef, useState } from 'react';
import { useEventSelector, useEvents } from '../../events.ts';
import { createLogReader, type Log } from '../../model/log.ts';

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
  const { isEqual, calmDown } = useCalm();
  const log = useEventSelector(read, isEqual, { topic, since: BEFORE, limit: KEPT });
  // biome-ignore lint/correctness/useExhaustiveDependencies: with each log that is on the screen
  useEffect(calmDown, [log, calmDown]);
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
 * function, and whoever compares with it looks again. What it says changes between renders only: a render that fails,
 * and is done again, finds the same.
 */
function useCalm() {
  const [round, setRound] = useState(0);
  const calm = useRef({ isOver: true, drawingSince: 0 });
  // biome-ignore lint/correctness/useExhaustiveDependencies: each round has a function of its own
  const isEqual = useCallback(
    (before: unknown, after: unknown) => {
      if (before === after || !calm.current.isOver) return true;
      calm.current.drawingSince = performance.now();
      return false;
    },
    [round],
  );
  /** The last change is on the screen: how long that took says how soon the next may be. */
  const calmDown = useCallback(() => {
    const drawing = performance.now() - calm.current.drawingSince;
    calm.current.isOver = false;
    const timer = setTimeout(
      () => {
        calm.current.isOver = true;
        setRound((number) => number + 1);
      },
      Math.min(Math.max(CALM_MS, SHARE * drawing), LONGEST_MS),
    );
    return () => {
      clearTimeout(timer);
      calm.current.isOver = true;
    };
  }, []);
  return { isEqual, calmDown };
}

/**
 * A value that changes, for any framework: React's `useSyncExternalStore`, a composable, a rune, or a listener of your own.
 * Its functions need no `this`.
 */
export interface Source<S> {
  /**
   * Calls `listener` after each change, until the returned function is called. To follow is what begins something, such as a
   * subscription; to make a source, and to read it, begins nothing.
   */
  subscribe: (listener: () => void) => () => void;
  /** The value now; the same object until it changes. `initial` while nobody follows it. */
  getSnapshot: () => S;
  /** The value before anything is known: on a server, and in a browser until hydration is over. */
  initial: S;
}

/**
 * A source of a selector's result, which changes only when that does.
 *
 * @example const mood = select(store.events({ types: ['agent_message'] }), ({ events }) => meanOf(events));
 *
 * @param isEqual tells if two results are the same: then the earlier one stays. Default `Object.is`
 */
export function select<S, T>(
  source: Source<S>,
  selector: (snapshot: S) => T,
  isEqual: (a: T, b: T) => boolean = Object.is,
): Source<T> {
  const selection = selecting(selector, isEqual);
  const getSnapshot = () => selection(source.getSnapshot());
  return {
    subscribe(listener) {
      let shown = getSnapshot();
      return source.subscribe(() => {
        const next = getSnapshot();
        if (Object.is(next, shown)) return;
        shown = next;
        listener();
      });
    },
    getSnapshot,
    initial: selection(source.initial),
  };
}

/**
 * A selector that is run once for each snapshot, and keeps the result before while `isEqual` says that nothing changed.
 * @param shown the result that was shown before the first one of it, if any was
 */
export function selecting<S, T>(
  selector: (snapshot: S) => T,
  isEqual: (a: T, b: T) => boolean,
  shown?: () => { selection: T } | null,
): (snapshot: S) => T {
  let last: { snapshot: S; selection: T } | null = null;
  return (snapshot) => {
    if (last?.snapshot === snapshot) return last.selection;
    const before = last ?? shown?.();
    const next = selector(snapshot);
    const selection = before && isEqual(before.selection, next) ? before.selection : next;
    last = { snapshot, selection };
    return selection;
  };
}

/** Tells if two lists hold the same items. */
export function sameItems<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}

/** Tells if two objects hold the same values under the same keys. */
export function sameFields<T extends object>(a: T, b: T): boolean {
  const keys = Object.keys(a) as (keyof T)[];
  return keys.length === Object.keys(b).length && keys.every((key) => Object.is(a[key], b[key]));
}

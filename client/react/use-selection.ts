import { useEffect, useMemo, useRef, useSyncExternalStore } from 'react';

/** Something outside React that has a current value and says when it changes. */
export interface Source<S> {
  subscribe: (onChange: () => void) => () => void;
  getSnapshot: () => S;
  /** The value on a server, and in the browser until hydration is over. */
  initial: S;
}

/**
 * Follows a selector's result of a source's value. Renders only when that changes, and keeps the object it returned before
 * while `isEqual` says that nothing did, though the selector may be another function each time.
 *
 * @param source the same object as long as it is the same source
 */
export function useSelection<S, T>(
  source: Source<S>,
  selector: (snapshot: S) => T,
  isEqual: (a: T, b: T) => boolean,
): T {
  const shown = useRef<{ selection: T } | null>(null);
  const [getSelection, getInitial] = useMemo(() => {
    let last: { snapshot: S; selection: T } | null = null;
    const select = (snapshot: S): T => {
      if (last?.snapshot === snapshot) return last.selection;
      const before = last ?? shown.current;
      const next = selector(snapshot);
      const selection = before && isEqual(before.selection, next) ? before.selection : next;
      last = { snapshot, selection };
      return selection;
    };
    return [() => select(source.getSnapshot()), () => select(source.initial)];
  }, [source, selector, isEqual]);
  const selection = useSyncExternalStore(source.subscribe, getSelection, getInitial);
  useEffect(() => {
    shown.current = { selection };
  }, [selection]);
  return selection;
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

import { useEffect, useMemo, useRef, useSyncExternalStore } from 'react';
import { type Source, selecting } from '../store/source.ts';

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
    const select = selecting(selector, isEqual, () => shown.current);
    return [() => select(source.getSnapshot()), () => select(source.initial)];
  }, [source, selector, isEqual]);
  const selection = useSyncExternalStore(source.subscribe, getSelection, getInitial);
  useEffect(() => {
    shown.current = { selection };
  }, [selection]);
  return selection;
}

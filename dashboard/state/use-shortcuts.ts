import { useEffect, useLayoutEffect, useRef } from 'react';

/** Key, as `KeyboardEvent.key` calls it, with `Shift+` before it where it makes no other character → what it does. */
export type Shortcuts = Readonly<Record<string, () => void>>;

/**
 * Keys for the whole page. Where a key means something else, in a field or on a button, it keeps that meaning. A key that is held
 * acts once, as it would start and pause the simulation thirty times a second; arrows, which walk along messages, go on.
 */
export function useShortcuts(shortcuts: Shortcuts): void {
  const latest = useRef(shortcuts);
  useLayoutEffect(() => {
    latest.current = shortcuts;
  });
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      if (document.querySelector('dialog[open]') || isTaken(event)) return;
      const act = latest.current[nameOf(event)];
      if (!act) return;
      event.preventDefault();
      if (!event.repeat || event.key.startsWith('Arrow')) act();
    };
    addEventListener('keydown', onKeyDown);
    return () => removeEventListener('keydown', onKeyDown);
  }, []);
}

function nameOf({ key, shiftKey }: KeyboardEvent): string {
  const name = key.length === 1 ? key.toLowerCase() : key;
  return shiftKey && key.length > 1 ? `Shift+${name}` : name;
}

/** Tells if the focused element has a use for the key itself. */
function isTaken({ key, target }: KeyboardEvent): boolean {
  if (!(target instanceof Element)) return false;
  const isRange = target.matches('input[type="range"]');
  if (target.matches('textarea, select, [contenteditable]')) return true;
  if (target.matches('input') && !isRange)
    return !(target.matches('[type="radio"], [type="checkbox"]') && key.length === 1 && key !== ' ');
  if (key === ' ' || key === 'Enter') return target.closest('button, a, summary, [role="button"]') !== null;
  return false;
}

import { type RefObject, useLayoutEffect, useRef } from 'react';

/** Tells style sheets the height of an element, as a property of the page: what stands beside it has less room when it takes a second line. */
export function useToldHeight(property: '--bar-room' | '--timeline-room'): RefObject<HTMLElement | null> {
  const element = useRef<HTMLElement>(null);
  useLayoutEffect(() => {
    const { current } = element;
    if (!current) return;
    const { style } = document.documentElement;
    const observer = new ResizeObserver(() => style.setProperty(property, `${current.offsetHeight}px`));
    observer.observe(current);
    return () => observer.disconnect();
  }, [property]);
  return element;
}

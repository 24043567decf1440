import { elementScroll, useVirtualizer } from '@tanstack/react-virtual';
import { type ReactNode, useCallback, useLayoutEffect, useRef, useState } from 'react';
import type { FeedItem } from '../model/feed-items.ts';
import { plural } from '../model/format.ts';
import { Icon } from '../shell/icons.tsx';
import { FeedRow } from './feed-row.tsx';
import { rowHeight } from './row-height.ts';

/** As near to the bottom as this counts as at the bottom, px. */
const NEAR = 48;
/** Positions that differ by no more than this are the same, px: browsers round them. */
const SAME = 2;

interface FeedProps {
  items: readonly FeedItem[];
  /** Above the first row. */
  head: ReactNode;
}

/** The conversation's lines: only those in sight are in the page. It stays at the bottom if it is there. */
export function Feed({ items, head }: FeedProps): ReactNode {
  const scroller = useRef<HTMLDivElement>(null);
  /** The newest row when the viewer left the end; null: still there. */
  const [leftAt, setLeftAt] = useState<number | null>(null);
  const follows = useRef(true);
  /** Scroll position that the feed was last given, by us or by rows that became lower: only the viewer scrolls further up. */
  const lastTop = useRef(0);
  const checkFollows = (): void => {
    const element = scroller.current;
    if (!element) return;
    const { scrollHeight, scrollTop, clientHeight } = element;
    const isNear = scrollHeight - scrollTop - clientHeight <= NEAR;
    if (isNear) lastTop.current = scrollTop;
    follows.current = isNear || (follows.current && scrollTop >= lastTop.current - SAME);
  };
  // The viewer may have scrolled, and the browser not have said so yet. The virtualizer's own effects come after this one.
  useLayoutEffect(checkFollows);
  const getItemKey = useCallback((index: number) => items[index]?.key ?? index, [items]);
  const virtualizer = useVirtualizer({
    count: items.length,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => rowHeight(items[index], scroller.current?.clientWidth),
    getItemKey,
    overscan: 5,
    paddingStart: 8,
    paddingEnd: 16,
    anchorTo: 'end',
    scrollEndThreshold: NEAR,
    useFlushSync: false,
    // Scrolling moves rows past React; it renders when other rows come into sight.
    directDomUpdates: true,
    scrollToFn: (offset, options, instance) => {
      elementScroll(offset, options, instance);
      lastTop.current = scroller.current?.scrollTop ?? 0;
    },
    // Rows were measured: the whole is lower or higher now.
    onChange: checkFollows,
  });

  const newest = newestRow(items);
  useLayoutEffect(() => {
    if (!follows.current) return;
    setLeftAt(null);
    virtualizer.scrollToEnd();
  });

  const onScroll = (): void => {
    checkFollows();
    setLeftAt(follows.current ? null : (before) => before ?? newest);
  };
  const toEnd = (): void => {
    follows.current = true;
    setLeftAt(null);
    virtualizer.scrollToEnd();
  };
  const unseen = leftAt === null ? 0 : countAfter(items, leftAt);

  return (
    <div className="feed-frame">
      <div
        ref={scroller}
        className="feed"
        role="log"
        aria-live="off"
        aria-label="Conversation"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        tabIndex={0}
        onScroll={onScroll}
      >
        {head}
        <div ref={virtualizer.containerRef} className="feed-rows">
          {virtualizer.getVirtualItems().map(({ key, index }) => {
            const item = items[index];
            if (!item) return null;
            return (
              <article
                key={key}
                ref={virtualizer.measureElement}
                data-index={index}
                className="feed-row"
                aria-posinset={index + 1}
                aria-setsize={items.length}
              >
                <FeedRow item={item} />
              </article>
            );
          })}
        </div>
      </div>
      {leftAt !== null && (
        <button type="button" className="to-end" onClick={toEnd}>
          {unseen > 0 ? `${plural(unseen, 'new', 'new')}` : 'Latest'} <Icon name="down" />
        </button>
      )}
    </div>
  );
}

function newestRow(items: readonly FeedItem[]): number {
  const last = items.findLast((item) => 'entry' in item);
  return last && 'entry' in last ? last.entry.row : Number.NEGATIVE_INFINITY;
}

/** Lines that came after a row. */
function countAfter(items: readonly FeedItem[], row: number): number {
  let count = 0;
  for (let index = items.length - 1; index >= 0; index--) {
    const item = items[index];
    if (!item || !('entry' in item)) continue;
    if (item.entry.row <= row) break;
    count++;
  }
  return count;
}

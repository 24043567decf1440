import { useEffect, useState } from 'react';
import type { Membership } from '../../client/index.ts';
import { type PageEvent, useEventsClient } from '../events.ts';
import { isDrawn } from '../model/drawn.ts';
import { AGAIN_MS, isPassing } from './asking.ts';
import { useMoment } from './moment/moment.ts';
import { useTopic } from './url-state.ts';
import { useSchema } from './use-schema.ts';
import { viewerName } from './viewer-name.ts';

/** Ms before a page joins: one that is mounted twice, or left at once, has not been there. */
const SETTLED_MS = 300;

export interface Watching {
  readonly count: number;
  /** Names of those who are there, one's own first; of a crowd, some or none. */
  readonly names: readonly string[];
}

/** Joins those who watch a topic, where that may be, and tells who they are now, whatever moment the page shows. */
export function useWatching(): Watching {
  const { log } = useMoment();
  const [me] = useState(viewerName);
  useJoining(me);
  const members = log.open.filter(isViewer);
  const others = members.filter(({ data }) => data.name !== me);
  // The page that this one was before it was loaded anew may still be there for a moment.
  const own = others.length < members.length ? ['you'] : [];
  return {
    count: log.counts['viewer'] ?? own.length + others.length,
    names: [...own, ...others.map(({ data, by }) => by ?? data.name)],
  };
}

function isViewer(event: PageEvent): event is PageEvent<'viewer'> {
  return event.open?.kind === 'presence' && isDrawn(event, 'viewer');
}

/**
 * Is one of those who watch, for as long as the page is there. Without the right to it the page looks on. The hook `usePresence`
 * would make a second subscription, and a page that is kept for the way back would stay a member meanwhile.
 */
function useJoining(name: string): void {
  const topic = useTopic();
  const getClient = useEventsClient();
  const hasViewers = useSchema()?.drawn.has('viewer') ?? false;
  useEffect(() => {
    if (!hasViewers) return;
    let membership: Membership | undefined;
    let isLeft = false;
    let timer = setTimeout(join, SETTLED_MS);
    function join(): void {
      getClient()
        .join('viewer', { name }, { topic })
        .then(
          (joined) => {
            membership = joined;
            if (isLeft) void joined.close();
          },
          (error: unknown) => {
            if (!isLeft && isPassing(error)) timer = setTimeout(join, AGAIN_MS);
          },
        );
    }
    function leave(): void {
      isLeft = true;
      clearTimeout(timer);
      void membership?.close();
    }
    // A page that a browser keeps for the way back comes back without being loaded.
    function onPageShow({ persisted }: PageTransitionEvent): void {
      if (!persisted) return;
      isLeft = false;
      join();
    }
    addEventListener('pagehide', leave);
    addEventListener('pageshow', onPageShow);
    return () => {
      removeEventListener('pagehide', leave);
      removeEventListener('pageshow', onPageShow);
      leave();
    };
  }, [hasViewers, name, topic, getClient]);
}

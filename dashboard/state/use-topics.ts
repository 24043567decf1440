import { useCallback, useEffect, useRef, useState } from 'react';
import { useEventsClient } from '../events.ts';

/** A topic's place in a cursor of several: `~<topic>:<epoch>:<seq>`. */
const PLACES = /~([^~:]+):/g;

export interface Topics {
  readonly names: readonly string[];
  /** Why there are none, or not all. */
  readonly error: string | null;
}

/**
 * The topics whose names begin with a text, and that the viewer may follow. A subscription to a pattern begins with a
 * cursor that names them, by the same rules as its events, so it is begun and ended; private topics need a pattern of
 * their own.
 */
export function useTopics(): Topics & { ask: (beginning: string) => void } {
  const getClient = useEventsClient();
  const [topics, setTopics] = useState<Topics>({ names: [], error: null });
  /** Ends the question that waits for its answer: its text is one that nobody sees any more. */
  const letGo = useRef(() => {});
  useEffect(() => () => letGo.current(), []);
  const ask = useCallback(
    (beginning: string) => {
      letGo.current();
      let isOver = false;
      const patterns = beginning === '' ? ['*', '_*'] : [`${beginning}*`];
      const following = getClient().on('any', () => {}, {
        topics: patterns,
        onError: (error) => {
          if (!isOver) setTopics({ names: [], error: error.message });
        },
      });
      letGo.current = () => {
        isOver = true;
        following.unsubscribe();
      };
      following.ready
        .then(
          () => {
            const names = [...(following.cursor ?? '').matchAll(PLACES)].map(([, name = '']) => name);
            if (!isOver) setTopics({ names: names.sort(), error: null });
          },
          () => {}, // onError has said why
        )
        .finally(() => following.unsubscribe());
    },
    [getClient],
  );
  return { ...topics, ask };
}

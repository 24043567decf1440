import { useCallback, useRef, useState } from 'react';
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
  const last = useRef(0);
  const ask = useCallback(
    (beginning: string) => {
      const asked = ++last.current;
      // An answer that comes after one to a later question is of a text that nobody sees any more.
      const tell = (told: Topics): void => {
        if (asked === last.current) setTopics(told);
      };
      const patterns = beginning === '' ? ['*', '_*'] : [`${beginning}*`];
      const following = getClient().on('any', () => {}, {
        topics: patterns,
        onError: (error) => tell({ names: [], error: error.message }),
      });
      following.ready
        .then(
          () => {
            const names = [...(following.cursor ?? '').matchAll(PLACES)].map(([, name = '']) => name);
            tell({ names: names.sort(), error: null });
          },
          () => {}, // onError has said why
        )
        .finally(() => following.unsubscribe());
    },
    [getClient],
  );
  return { ...topics, ask };
}

import { useCallback, useEffect, useMemo } from 'react';
import type { AnyCatalog } from '../../shared/catalog.ts';
import type { AnswerInput, EventInput, EventName, OpenName } from '../../shared/events.ts';
import type { BegunKind } from '../../shared/open/open-part.ts';
import { transformer } from '../../shared/wire/transformer.ts';
import { EncodedInput } from '../connection/encoding.ts';
import { membersOf, openOf } from '../store/feed-source.ts';
import type { FeedStore } from '../store/feed-store.ts';
import type { EventsSnapshot, PlacedEvent } from '../store/snapshot.ts';
import { type Source, sameFields } from '../store/source.ts';
import type { FollowOptions, OpenHooks, UseOpenOptions, UsePresenceOptions } from './types.ts';
import { useAction } from './use-action.ts';
import { useSelection } from './use-selection.ts';

/** The hooks that open events are made of. */
interface Means<C extends AnyCatalog> {
  useStore: () => FeedStore<C>;
  useSource: <N extends EventName<C>>(options: FollowOptions<N, C>) => Source<EventsSnapshot<N, C>>;
}

/** Hooks for what is not finished yet. */
export function openHooks<C extends AnyCatalog>({ useStore, useSource }: Means<C>): OpenHooks<C> {
  /** A subscription for what is open: that is told to each, so no event of the log is kept for it. */
  function useOpenSource<N extends OpenName<C, BegunKind>>(
    type: N,
    options: UseOpenOptions<N, C>,
  ): Source<EventsSnapshot<N, C>> {
    return useSource<N>({ ...options, types: [type], limit: 0 });
  }

  function useOpen<N extends OpenName<C, BegunKind>>(
    type: N,
    options: UseOpenOptions<N, C> = {},
  ): readonly PlacedEvent<N, C>[] {
    return useSelection(useOpenSource(type, options), openOf<N, C>, Object.is);
  }

  return {
    useOpen,

    useQuestions(type, options = {}) {
      const open = useOpen(type, options);
      const store = useStore();
      const { topic } = options;
      const { run, ...state } = useAction(
        useCallback(
          (id: string, answer: AnswerInput<typeof type, C>) =>
            store.client().answer(type, id, answer, { topic }),
          [store, type, topic],
        ),
      );
      const { pending, error } = state;
      return useMemo(() => ({ open, answer: run, pending, error }), [open, run, pending, error]);
    },

    usePresence<N extends OpenName<C, 'presence'>>(
      type: N,
      { me, ...options }: UsePresenceOptions<N, C> = {},
    ) {
      const store = useStore();
      const { topic, enabled = true } = options;
      const selection = useSelection(
        useOpenSource(type, options),
        useCallback((snapshot: EventsSnapshot<N, C>) => membersOf(snapshot, type), [type]),
        sameFields,
      );
      // Equal data is no change, though it may be another object with each render.
      const said =
        me === undefined
          ? undefined
          : JSON.stringify(new EncodedInput('INVALID_EVENT', `begin.${type}`, me).wire);
      useEffect(() => {
        if (said === undefined || !enabled) return;
        return store.join(type, topic, transformer.parse(said) as EventInput<N, C>); // it was written above
      }, [store, type, topic, said, enabled]);
      return selection;
    },
  };
}

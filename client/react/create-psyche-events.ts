import {
  createContext,
  useCallback,
  useContext,
  useEffect,
  useInsertionEffect,
  useMemo,
  useRef,
} from 'react';
import type { AnyCatalog } from '../../shared/catalog.ts';
import type { EventInput, EventName, PublishName } from '../../shared/events.ts';
import type { PsycheCatalog } from '../../shared/psyche-events.ts';
import { INITIAL_CONNECTION } from '../connection/connection-state.ts';
import type { EventsPath, MountedCatalog, OnlyPath, RouterWithEvents } from '../mounted.ts';
import type { ClientPublishOptions } from '../publishing.ts';
import { feedKey } from '../store/event-feed.ts';
import { feedSource, LIMIT, latestOf, OLDER } from '../store/feed-source.ts';
import type { FeedStore } from '../store/feed-store.ts';
import { type EventsSnapshot, INITIAL_SNAPSHOT, type PlacedEvent } from '../store/snapshot.ts';
import { type Source, sameFields, sameItems } from '../store/source.ts';
import { createProvider } from './create-provider.tsx';
import { openHooks } from './open-hooks.ts';
import type {
  FollowOptions,
  PsycheEvents,
  UseEventOptions,
  UseEventsOptions,
  UseEventsResult,
  UsePublishResult,
} from './types.ts';
import { useAction } from './use-action.ts';
import { useSelection } from './use-selection.ts';

/** The source of a hook that is not enabled. */
const NOTHING: Source<EventsSnapshot<never, AnyCatalog>> = {
  subscribe: () => () => {},
  getSnapshot: () => INITIAL_SNAPSHOT,
  initial: INITIAL_SNAPSHOT,
};

/**
 * A provider and hooks of a catalog's events.
 *
 * @example export const { EventsProvider, useEvents } = createPsycheEvents(myCatalog);
 *
 * @param catalog types them, and checks what is published. Default: typed by the Psyche Simulation's, checked by the server
 */
export function createPsycheEvents<C extends AnyCatalog = PsycheCatalog>(catalog?: C): PsycheEvents<C>;
/**
 * A provider and hooks of the events in your own router, typed by it.
 *
 * @example export const { EventsProvider, useEvents } = createPsycheEvents<AppRouter>(); // <EventsProvider path="events">
 */
export function createPsycheEvents<R extends RouterWithEvents, P extends EventsPath<R> = OnlyPath<R>>(
  catalog?: MountedCatalog<R, P>,
): PsycheEvents<MountedCatalog<R, P>, P>;
export function createPsycheEvents<C extends AnyCatalog>(catalog?: C): PsycheEvents<C> {
  const StoreContext = createContext<FeedStore<C> | null>(null);

  function useStore(): FeedStore<C> {
    const store = useContext(StoreContext);
    if (!store) throw new TypeError('Event hooks need an <EventsProvider> above them.');
    return store;
  }

  function useSource<N extends EventName<C>>(options: FollowOptions<N, C>): Source<EventsSnapshot<N, C>> {
    const { limit = LIMIT, enabled = true, ...input } = options;
    const store = useStore();
    const key = feedKey(input);
    return useMemo(
      () => (enabled ? feedSource<N, C>(store, key, limit) : NOTHING),
      [store, key, limit, enabled],
    );
  }

  function useEventSelector<T, N extends EventName<C>>(
    selector: (snapshot: EventsSnapshot<N, C>) => T,
    isEqual: (a: T, b: T) => boolean = Object.is,
    options: FollowOptions<N, C> = {},
  ): T {
    return useSelection(useSource(options), selector, isEqual);
  }

  function useEvents<N extends EventName<C>>(options: UseEventsOptions<N, C> = {}): UseEventsResult<N, C> {
    const { filter, limit, enabled, ...rest } = options;
    const test = typeof filter === 'function' ? filter : undefined;
    const input = typeof filter === 'function' ? rest : { ...rest, filter };
    const store = useStore();
    const key = feedKey(input);
    const source = useSource({ ...input, limit, enabled });
    const select = ({ events }: EventsSnapshot<N, C>) => (test ? events.filter(test) : events);
    const events = useSelection(source, select, sameItems);
    const about = useSelection(source, aboutStream, sameFields);
    const loadOlder = useCallback((count: number = OLDER) => store.loadOlder(key, count), [store, key]);
    return useMemo(() => ({ ...about, events, loadOlder }), [about, events, loadOlder]);
  }

  function useLatest<N extends EventName<C>>(
    type: N,
    options: UseEventOptions = {},
  ): PlacedEvent<N, C> | null {
    return useEventSelector(latestOf<N, C>, Object.is, {
      ...options,
      types: [type],
      since: { last: 1 },
      limit: 1,
    });
  }

  function useEvent<N extends EventName<C>>(
    type: N,
    handler: (event: PlacedEvent<N, C>) => unknown,
    { topic, enabled = true }: UseEventOptions = {},
  ): void {
    const store = useStore();
    const key = feedKey({ topic, types: [type] });
    const current = useRef(handler);
    useInsertionEffect(() => {
      current.current = handler;
    }, [handler]);
    useEffect(() => {
      if (!enabled) return;
      // The key asks for events N only.
      return store.listen(key, (event) => current.current(event as PlacedEvent<N, C>));
    }, [store, key, enabled]);
  }

  return {
    EventsProvider: createProvider(StoreContext, catalog),

    useConnection() {
      const store = useStore();
      const source = useMemo(
        () => ({
          subscribe: (onChange: () => void) => store.subscribe(onChange),
          getSnapshot: () => store.state,
          initial: INITIAL_CONNECTION,
        }),
        [store],
      );
      const state = useSelection(source, same, Object.is);
      return useMemo(() => ({ ...state, retry: () => store.retry() }), [state, store]);
    },

    useEvents,
    useLatest,
    useEvent,
    useEventSelector,
    ...openHooks<C>({ useStore, useSource }),

    usePublish(type) {
      const store = useStore();
      return usePublishing(store, type);
    },

    useEventsClient() {
      const store = useStore();
      return useCallback(() => store.client(), [store]);
    },
  };
}

/** Publishing from a component: what became of it is state, never an exception. */
function usePublishing<N extends PublishName<C>, C extends AnyCatalog>(
  store: FeedStore<C>,
  type: N,
): UsePublishResult<N, C> {
  const { run, pending, error } = useAction(
    useCallback(
      (data: EventInput<N, C>, options?: ClientPublishOptions) => store.client().publish(type, data, options),
      [store, type],
    ),
  );
  return useMemo(() => ({ publish: run, pending, error }), [run, pending, error]);
}

function aboutStream<N extends EventName<C>, C extends AnyCatalog>({
  events,
  ...about
}: EventsSnapshot<N, C>) {
  return about;
}

function same<T>(value: T): T {
  return value;
}

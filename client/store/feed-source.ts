import type { AnyCatalog } from '../../shared/catalog.ts';
import { EventsError } from '../../shared/errors.ts';
import type { EventName } from '../../shared/events.ts';
import type { FeedStore } from './feed-store.ts';
import { newest } from './newest.ts';
import {
  type EventsSnapshot,
  INITIAL_SNAPSHOT,
  type PlacedEvent,
  type PresenceSnapshot,
} from './snapshot.ts';
import { type Source, sameFields, sameItems, select, selecting } from './source.ts';

/** Events that are kept where no `limit` is given. */
export const LIMIT = 500;
/** Events that `loadOlder` asks for where no number is given. */
export const OLDER = 100;

/**
 * The stream of an input, with `limit` of its events, though others who share it may have asked for more.
 * @param key of an input for events `N` only, as `feedKey` makes it
 * @throws EventsError INVALID_OPTION for a limit that is none: all who share the stream would be shown nothing
 */
export function feedSource<N extends EventName<C>, C extends AnyCatalog>(
  store: FeedStore<C>,
  key: string,
  limit: number,
): Source<EventsSnapshot<N, C>> {
  if (!(limit >= 0))
    throw new EventsError('INVALID_OPTION', `limit must be a number of events, 0 or more, not ${limit}`);
  const kept = selecting(
    ({ events, older }: EventsSnapshot<N, C>) => newest(events, limit + older),
    sameItems,
  );
  const source: Source<EventsSnapshot<N, C>> = {
    subscribe: (listener) => store.follow(key, limit, listener),
    getSnapshot: () => store.snapshot(key) as EventsSnapshot<N, C>, // so the key says
    initial: INITIAL_SNAPSHOT,
  };
  return select(
    source,
    (snapshot) => {
      const { events, dropped } = snapshot;
      const own = kept(snapshot);
      return own === events
        ? snapshot
        : { ...snapshot, events: own, dropped: dropped + events.length - own.length };
    },
    sameFields,
  );
}

/** The last of a stream's events, or null. */
export function latestOf<N extends EventName<C>, C extends AnyCatalog>({
  events,
}: EventsSnapshot<N, C>): PlacedEvent<N, C> | null {
  return events.at(-1) ?? null;
}

/** Events of a stream that are open. */
export function openOf<N extends EventName<C>, C extends AnyCatalog>({
  open,
}: EventsSnapshot<N, C>): readonly PlacedEvent<N, C>[] {
  return open;
}

/** The members of a type in a stream of it. */
export function membersOf<N extends EventName<C>, C extends AnyCatalog>(
  { open, counts, error }: EventsSnapshot<N, C>,
  type: N,
): PresenceSnapshot<N, C> {
  return { members: open, count: counts[type] ?? open.length, error };
}

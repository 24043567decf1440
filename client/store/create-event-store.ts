import type { AnyCatalog } from '../../shared/catalog.ts';
import type { EventName, OpenName } from '../../shared/events.ts';
import type { BegunKind } from '../../shared/open/open-part.ts';
import { checkOptions } from '../../shared/options/known-options.ts';
import { requireDelay } from '../../shared/timing.ts';
import type { EventsClient } from '../client-types.ts';
import { INITIAL_CONNECTION } from '../connection/connection-state.ts';
import { feedKey } from './event-feed.ts';
import { feedSource, LIMIT, latestOf, membersOf, OLDER, openOf } from './feed-source.ts';
import { FeedStore } from './feed-store.ts';
import type { PlacedEvent } from './snapshot.ts';
import { sameFields, select } from './source.ts';
import type {
  EventStore,
  EventStoreOptions,
  EventsOptions,
  OpenSourceOptions,
  PresenceOptions,
} from './store-types.ts';

/**
 * A store of events for a page in any framework. It begins nothing: so a module may make one, also on a server.
 *
 * @example
 * const store = createEventStore(() => createClient({ catalog }));
 * const messages = store.events({ types: ['agent_message'], since: { last: 20 } });
 * const stop = messages.subscribe(() => draw(messages.getSnapshot().events));
 *
 * @param client makes the client, when it is first needed; it is closed a second after it was last needed, and made again.
 * Or a client of your own, which stays open
 * @throws TypeError when an option is none, or `lingerMs` cannot be measured
 */
export function createEventStore<C extends AnyCatalog>(
  client: EventsClient<C> | (() => EventsClient<C>),
  options: EventStoreOptions = {},
): EventStore<C> {
  checkOptions('createEventStore', options, { lingerMs: 1, onError: 1 });
  const { lingerMs = 0 } = options;
  requireDelay('createEventStore: lingerMs', lingerMs);
  const isMade = typeof client === 'function';
  const store = new FeedStore<C>({ ...options, connect: isMade ? client : () => client, closes: isMade });

  const events = <N extends EventName<C>>(
    { limit = LIMIT, ...input }: EventsOptions<N, C>,
    key = feedKey(input),
  ) => feedSource<N, C>(store, key, limit);

  /** Events of a type for those who look at what is open: that is told to each, so no event of the log is kept for it. */
  const ofOpen = <N extends OpenName<C, BegunKind>>(type: N, options: OpenSourceOptions<N, C>) =>
    events<N>({ ...options, types: [type], limit: 0 });

  return {
    connection: {
      subscribe: (listener) => store.subscribe(() => listener()),
      getSnapshot: () => store.state,
      initial: INITIAL_CONNECTION,
      retry: () => store.retry(),
    },

    events(options = {}) {
      const { limit, ...input } = options;
      const key = feedKey(input);
      return { ...events(options, key), loadOlder: (count = OLDER) => store.loadOlder(key, count) };
    },

    latest: (type, options) =>
      select(events({ ...options, types: [type], since: { last: 1 }, limit: 1 }), latestOf),

    open: (type, options = {}) => select(ofOpen(type, options), openOf),

    questions: (type, options = {}) => ({
      ...select(ofOpen(type, options), openOf),
      answer: (id, answer) => store.client().answer(type, id, answer, { topic: options.topic }),
    }),

    presence<N extends OpenName<C, 'presence'>>(type: N, { me, ...options }: PresenceOptions<N, C> = {}) {
      const members = select(ofOpen(type, options), (snapshot) => membersOf(snapshot, type), sameFields);
      if (me === undefined) return members;
      return {
        ...members,
        subscribe(listener) {
          const stop = members.subscribe(listener);
          const leave = store.join(type, options.topic, me);
          return () => {
            leave();
            stop();
          };
        },
      };
    },

    on(type, handler, options) {
      // The key asks for events of this type only. Names that are no options go with it: the server refuses them.
      return store.listen(feedKey({ ...options, types: [type] }), (event) =>
        handler(event as PlacedEvent<typeof type, C>),
      );
    },

    client: () => store.client(),
    hold: () => store.hold(),
  };
}

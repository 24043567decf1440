import type { AnyCatalog } from '../../shared/catalog.ts';
import type { AnswerInput, EventInput, EventName, OfKinds, OpenName } from '../../shared/events.ts';
import type { BegunKind } from '../../shared/open/open-part.ts';
import type { EventsClient } from '../client-types.ts';
import type { ConnectionState } from '../connection/connection-state.ts';
import type { FeedInput } from './event-feed.ts';
import type { FeedStoreOptions } from './feed-store.ts';
import type { EventsSnapshot, PlacedEvent, PresenceSnapshot } from './snapshot.ts';
import type { Source } from './source.ts';

/** Options of {@link createEventStore}. */
export interface EventStoreOptions extends Pick<FeedStoreOptions<AnyCatalog>, 'lingerMs' | 'onError'> {}

/** The events that are followed. Those who ask for the same share one subscription. */
export interface EventsOptions<N extends EventName<C>, C extends AnyCatalog> extends FeedInput<N, C> {
  /** Events to keep, and as many beside them that are no records; older ones are dropped, and counted. Default 500. */
  limit?: number | undefined;
}

/** Options of `store.open` and `store.questions`. */
export interface OpenSourceOptions<N extends EventName<C>, C extends AnyCatalog>
  extends Pick<FeedInput<N, C>, 'topic' | 'filter' | 'echo' | 'members'> {}

/** Options of `store.presence`. */
export interface PresenceOptions<N extends EventName<C>, C extends AnyCatalog>
  extends OpenSourceOptions<N, C> {
  /** Joins with this data for as long as somebody follows. Default: looks on. */
  me?: EventInput<N, C> | undefined;
}

/** The latest events, and the means to get older ones. */
export interface EventsSource<N extends EventName<C>, C extends AnyCatalog>
  extends Source<EventsSnapshot<N, C>> {
  /**
   * Puts the events before the oldest one in front of it. Resolves with whether there may be more before those; false while
   * nobody follows, and of several topics. Never rejects: see `error`. @param count default 100, at most 1000
   */
  loadOlder: (count?: number) => Promise<boolean>;
}

/** Questions that wait for an answer, and the means to give it. */
export interface QuestionsSource<N extends OpenName<C, 'question'>, C extends AnyCatalog>
  extends Source<readonly PlacedEvent<N, C>[]> {
  /** Answers one, by its `open.id`. @throws EventsError as the client's `answer` */
  answer: (id: string, answer: AnswerInput<N, C>) => Promise<{ cursor: string }>;
}

/** The state of the connection. */
export interface ConnectionSource extends Source<ConnectionState> {
  /** Ends the wait before the next attempt. */
  retry: () => void;
}

/**
 * Events as state, without a framework: sources to be followed. There is one subscription for each distinct choice of events,
 * begun with its first follower and ended a second after its last, and likewise one client. What a source has is bounded, and
 * it changes at most once in a frame.
 */
export interface EventStore<C extends AnyCatalog> {
  /** The state of the connection. To follow it does not connect. */
  readonly connection: ConnectionSource;

  /** The latest events, oldest first, and the state of their stream. @throws EventsError INVALID_OPTION for an input that cannot be sent */
  events<N extends EventName<C> = EventName<C>>(options?: EventsOptions<N, C>): EventsSource<N, C>;

  /** The latest event of a type, also from before, or null. @param options.topic default `default` */
  latest<N extends EventName<C>>(
    type: N,
    options?: { topic?: string | undefined },
  ): Source<PlacedEvent<N, C> | null>;

  /** Events that are open now, each as it is now, oldest first. */
  open<N extends OfKinds<C, BegunKind>[EventName<C>]>(
    type: N,
    options?: OpenSourceOptions<N, C>,
  ): Source<readonly PlacedEvent<N, C>[]>;

  /** Questions that wait for an answer, oldest first. */
  questions<N extends OpenName<C, 'question'>>(
    type: N,
    options?: OpenSourceOptions<N, C>,
  ): QuestionsSource<N, C>;

  /**
   * Members of a topic; with `me` one of them. Those who join a topic with one type are one member, with the data of the
   * last of them; it leaves a second after the last of them has stopped.
   */
  presence<N extends OpenName<C, 'presence'>>(
    type: N,
    options?: PresenceOptions<N, C>,
  ): Source<PresenceSnapshot<N, C>>;

  /**
   * Calls `handler` once with each event of a type from now on, until the returned function is called.
   * @param options.topic default `default`
   */
  on<N extends EventName<C>>(
    type: N,
    handler: (event: PlacedEvent<N, C>) => unknown,
    options?: { topic?: string | undefined },
  ): () => void;

  /** Gets the client, for what is no state: `publish`, `history`. It connects if there is none. */
  client(): EventsClient<C>;

  /** Keeps the client though nobody follows anything, until the returned function is called. */
  hold(): () => void;
}

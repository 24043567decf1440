import type { ReactNode } from 'react';
import type { AnyCatalog } from '../../shared/catalog.ts';
import type {
  AnswerInput,
  EventInput,
  EventName,
  OfKinds,
  OfOtherKinds,
  OpenName,
} from '../../shared/events.ts';
import type { EventFilter } from '../../shared/filter/types.ts';
import type { PublishResult } from '../../shared/log.ts';
import type { BegunKind } from '../../shared/open/open-part.ts';
import type { EventsClient } from '../client-types.ts';
import type { ConnectionOptions } from '../connection/connection-options.ts';
import type { ConnectionState } from '../connection/connection-state.ts';
import type { PathOption } from '../mounted.ts';
import type { ClientPublishOptions } from '../publishing.ts';
import type { EventsSnapshot, PlacedEvent, PresenceSnapshot } from '../store/snapshot.ts';
import type { EventsOptions } from '../store/store-types.ts';

/** The provider's connection: to the server at `url`, or a client of your own. */
export type EventsProviderProps<C extends AnyCatalog, P extends string = string> = ServerProps &
  (PathOption<P> | { client: EventsClient<C> }) & {
    /** A client of your own, which stays open; instead of all the others. */
    client?: EventsClient<C> | undefined;
    children?: ReactNode;
  };

/**
 * Another `url` or `path` is another connection, and so is a token, or are params, where there were none: what is below stays
 * mounted, and follows its events anew. Other changes count from the next connection on.
 */
type ServerProps = Pick<ConnectionOptions, 'url' | 'path' | 'token' | 'connectionParams'>;

/**
 * The events that a hook follows. Components that ask for the same share one subscription. A time that each render makes anew,
 * as `since: { at: new Date().toISOString() }` does, is another subscription each time, and nothing is shown: keep it in a state.
 */
export interface FollowOptions<N extends EventName<C>, C extends AnyCatalog> extends EventsOptions<N, C> {
  /** False: nothing is subscribed, and there are no events. Default true. */
  enabled?: boolean | undefined;
}

/** Options of `useEvents`. */
export interface UseEventsOptions<N extends EventName<C>, C extends AnyCatalog>
  extends Omit<FollowOptions<N, C>, 'filter'> {
  /**
   * Selects the events that are returned: conditions on the data, applied by the server and part of the subscription, or
   * a function, applied here to events that came. Default: all.
   */
  filter?: EventFilter<N, C> | ((event: PlacedEvent<N, C>) => boolean) | undefined;
}

/** Keeps its identity, and so does each part, while unchanged. */
export interface UseEventsResult<N extends EventName<C>, C extends AnyCatalog> extends EventsSnapshot<N, C> {
  /**
   * Puts the events before the oldest one in front of it. Resolves with whether there may be more before those.
   * Never rejects: see `error`. Of several topics there are none: false. @param count default 100, at most 1000
   */
  loadOlder(count?: number): Promise<boolean>;
}

/** Options of `useEvent` and `useLatest`. */
export interface UseEventOptions {
  /** Default `default`. */
  topic?: string | undefined;
  /** Default true. */
  enabled?: boolean | undefined;
}

/** The result of `usePublish`. */
export interface UsePublishResult<N extends EventName<C>, C extends AnyCatalog> {
  /** Never rejects: resolves with undefined when it failed, and `error` says why. The same function as long as type and server are. */
  publish(data: EventInput<N, C>, options?: ClientPublishOptions): Promise<PublishResult | undefined>;
  /** True while a publish is in flight. */
  pending: boolean;
  /** Why the last one failed, or null. */
  error: Error | null;
}

/** Options of `useOpen` and `useQuestions`. */
export interface UseOpenOptions<N extends EventName<C>, C extends AnyCatalog>
  extends Pick<FollowOptions<N, C>, 'topic' | 'filter' | 'echo' | 'members' | 'enabled'> {}

/** Options of `usePresence`. */
export interface UsePresenceOptions<N extends EventName<C>, C extends AnyCatalog>
  extends UseOpenOptions<N, C> {
  /** Joins with this data for as long as it is mounted. Default: looks on. */
  me?: EventInput<N, C> | undefined;
}

/** The result of `useQuestions`. */
export interface UseQuestionsResult<N extends OpenName<C, 'question'>, C extends AnyCatalog> {
  /** Questions that wait for an answer, oldest first. */
  open: readonly PlacedEvent<N, C>[];
  /**
   * Answers one, by its `open.id`. Never rejects: resolves with undefined when it failed, and `error` says why; that of a
   * question that was settled before has `settled`. The same function as long as type and topic are.
   */
  answer(id: string, answer: AnswerInput<N, C>): Promise<{ cursor: string } | undefined>;
  /** True while an answer is in flight. */
  pending: boolean;
  /** Why the last one failed, or null. */
  error: Error | null;
}

/** The result of `usePresence`. */
export interface UsePresenceResult<N extends EventName<C>, C extends AnyCatalog>
  extends PresenceSnapshot<N, C> {}

/** Hooks for events that are not finished. */
export interface OpenHooks<C extends AnyCatalog> {
  /** Events that are open now, each as it is now, oldest first. */
  useOpen<N extends OfKinds<C, BegunKind>[EventName<C>]>(
    type: N,
    options?: UseOpenOptions<N, C>,
  ): readonly PlacedEvent<N, C>[];

  /** Questions that wait for an answer, and the means to give it. */
  useQuestions<N extends OpenName<C, 'question'>>(
    type: N,
    options?: UseOpenOptions<N, C>,
  ): UseQuestionsResult<N, C>;

  /**
   * Members of a topic; with `me` one of them. Components below one provider that join a topic with one type are one member, with
   * the data of the last of them; it leaves a second after the last was unmounted.
   */
  usePresence<N extends OpenName<C, 'presence'>>(
    type: N,
    options?: UsePresenceOptions<N, C>,
  ): UsePresenceResult<N, C>;
}

/** A provider and its hooks, typed by a catalog, or by a router that has it at one of the paths `P`. */
export interface PsycheEvents<C extends AnyCatalog, P extends string = string> extends OpenHooks<C> {
  /** Gives the hooks below it a connection: opened with the first mount, closed a second after the last unmount. */
  EventsProvider(props: EventsProviderProps<C, P>): ReactNode;

  /** The state of the connection. */
  useConnection(): ConnectionState & { retry: () => void };

  /** The latest events, oldest first. */
  useEvents<N extends EventName<C> = EventName<C>>(options?: UseEventsOptions<N, C>): UseEventsResult<N, C>;

  /** The latest event of a type, also from before the mount, or null. */
  useLatest<N extends EventName<C>>(type: N, options?: UseEventOptions): PlacedEvent<N, C> | null;

  /** Calls `handler` once with each event of a type from now on. Renders nothing. */
  useEvent<N extends EventName<C>>(
    type: N,
    handler: (event: PlacedEvent<N, C>) => unknown,
    options?: UseEventOptions,
  ): void;

  usePublish<N extends OfOtherKinds<C, 'question' | 'presence'>[EventName<C>]>(
    type: N,
  ): UsePublishResult<N, C>;

  /**
   * Follows a selector's result of the events; renders only when that changes.
   * @param isEqual whether two selections are the same. Default `Object.is`
   */
  useEventSelector<T, N extends EventName<C> = EventName<C>>(
    selector: (snapshot: EventsSnapshot<N, C>) => T,
    isEqual?: (a: T, b: T) => boolean,
    options?: FollowOptions<N, C>,
  ): T;

  /** Gets the client, for effects and event handlers: `history`, `stats`. Not for rendering, since it may connect. */
  useEventsClient(): () => EventsClient<C>;
}

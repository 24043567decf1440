import type { inferRouterOutputs } from '@trpc/server';
import type { AppRouter } from '../server/index.ts';
import type { AnyCatalog } from '../shared/catalog.ts';
import type {
  AnswerInput,
  AnswerOf,
  EventInput,
  EventName,
  EventOf,
  EventToPublish,
  OfKinds,
  OfOtherKinds,
  OpenName,
} from '../shared/events.ts';
import type { PublishResult } from '../shared/log.ts';
import type { Answered } from '../shared/open/answered.ts';
import type { GrowingHandle } from '../shared/open/handle-kinds.ts';
import type { OpenPage } from '../shared/open/open-page.ts';
import type { BegunKind } from '../shared/open/open-part.ts';
import type {
  EraseOptions,
  EraseResult,
  HistoryOptions,
  ReplayOptions,
  SubscriptionOptions,
} from '../shared/options/read-options.ts';
import type { PsycheCatalog } from '../shared/psyche-events.ts';
import type { HistoryPage, StreamGap, StreamItem, StreamSynced } from '../shared/stream-items.ts';
import type { ConnectionOptions } from './connection/connection-options.ts';
import type { Connection } from './connection/connection-state.ts';
import type { RetryOptions } from './failures/retry.ts';
import type { EventsPath, MountedCatalog, OnlyPath, PathOption, RouterWithEvents } from './mounted.ts';
import type {
  AnswerOptions,
  AskOptions,
  BeginOptions,
  JoinOptions,
  Membership,
  OpenOptions,
} from './open/open-types.ts';
import type { BatchOptions, ClientPublishOptions } from './publishing.ts';
import type { StreamStatus } from './reading/subscription.ts';

/** Options of {@link createClient}. */
export interface ClientOptions<C extends AnyCatalog = PsycheCatalog> extends ConnectionOptions {
  /** The events: types the client, and checks what is published before it is sent. Default: typed by the Psyche Simulation's, checked by the server. */
  catalog?: C | undefined;
  /**
   * Takes errors that nobody else does: of handlers that throw, and of subscriptions that end without an `onError`.
   * Default: `reportError` in browsers, `console.error` elsewhere.
   */
  onError?: ((error: Error) => void) | undefined;
}

/** Options of {@link createClient} where it is typed by your router: `path` is one of its paths. */
export type RouterClientOptions<R extends RouterWithEvents, P extends EventsPath<R> = OnlyPath<R>> = Omit<
  ClientOptions<MountedCatalog<R, P>>,
  'path'
> &
  PathOption<P>;

/** Counts of a server process since it started. */
export type ServerStats = inferRouterOutputs<AppRouter>['stats'];

/**
 * Receives events one by one, in order: an open event when it is opened, with each growth and when it is settled, each time
 * whole, and under one `open.id`. One that was opened and is not told again has the state `lost`. One handler that throws
 * or rejects stops neither the stream nor other handlers [D11].
 */
export type EventHandler<N extends EventName<C>, C extends AnyCatalog> = (
  event: EventOf<N, C>,
  meta: { cursor: string; topic: string },
) => unknown;

/** Options of `client.on` for events of one type: the choice of events, and callbacks for the stream's own news. */
export interface OnOptions<N extends EventName<C>, C extends AnyCatalog>
  extends Omit<SubscriptionOptions<N, C>, 'types'> {
  /** Unsubscribes. */
  signal?: AbortSignal | undefined;
  /** It has caught up, at first and after each interruption. */
  onSynced?: ((synced: StreamSynced['data']) => void) | undefined;
  /** Events of a topic that will not come, in their place. Never silence: without this option, check `recovered` of `onSynced`. */
  onGap?: ((gap: StreamGap['data'], meta: { topic: string }) => void) | undefined;
  /**
   * The number of members of a presence with so many that of them only your own are told [O11]. `each` is false when that
   * begins: let go of those you know, your own are told again; true when it ends: each is told.
   */
  onCount?:
    | ((members: { type: N; count: number; each?: boolean }, meta: { topic: string }) => void)
    | undefined;
  onStatus?: ((status: StreamStatus) => void) | undefined;
  /** An error of the subscription. With `willRetry` it resumes by itself; without, it has ended. */
  onError?: ((error: Error, willRetry: boolean) => void) | undefined;
}

/** Options of `client.on` for events of several types. */
export interface OnAnyOptions<N extends EventName<C>, C extends AnyCatalog>
  extends OnOptions<N, C>,
    Pick<SubscriptionOptions<N, C>, 'types'> {}

/** Options of `client.stream`. */
export interface StreamOptions<N extends EventName<C>, C extends AnyCatalog>
  extends SubscriptionOptions<N, C> {
  /** Ends iteration. */
  signal?: AbortSignal | undefined;
  /** Items held for a loop that is slower than the stream; the rest waits in the server's log. Default 1024. */
  bufferSize?: number | undefined;
}

/** A running subscription. */
export interface SubscriptionHandle {
  /** The position after the last item, or null before the first: pass it as `since` to go on from there. */
  readonly cursor: string | null;
  /**
   * Resolves when the subscription has caught up for the first time. Nobody has to wait for it: what this client
   * publishes after `on` is sent once the subscription has begun.
   * @throws EventsError why it was refused; CLOSED if it was ended before; INVALID_OPTION, with the HTTP status, where no
   * server of events answers: the subscription goes on trying, in case one is put there
   */
  readonly ready: Promise<void>;
  /** No handler is called after it returns. */
  unsubscribe(): void;
}

/** A connection to a server, typed by its catalog. */
export interface EventsClient<C extends AnyCatalog = PsycheCatalog> {
  /** The state of the connection; subscribe to follow it. */
  readonly connection: Connection;

  /**
   * Publishes an event. A connection lost meanwhile is waited for, and the event sent again under the same
   * idempotency key, so that it is stored once.
   * @throws EventsError INVALID_EVENT, UNKNOWN_EVENT, INVALID_TOPIC, CLOSED; INVALID_OPTION, with the HTTP status, where no
   * server of events answers; UNAVAILABLE or OVERLOADED after `timeoutMs`
   */
  publish<N extends OfOtherKinds<C, 'question' | 'presence'>[EventName<C>]>(
    type: N,
    data: EventInput<N, C>,
    options?: ClientPublishOptions,
  ): Promise<PublishResult>;

  /** Publishes several events to one topic, in order and contiguously: all of them or none. @throws as {@link publish} */
  publishBatch(events: readonly EventToPublish<C>[], options?: BatchOptions): Promise<PublishResult[]>;

  /** Calls `handler` with each event of a type, or of several: through reconnects, in order, each once. */
  on<N extends EventName<C>>(
    type: N,
    handler: EventHandler<N, C>,
    options?: OnOptions<N, C>,
  ): SubscriptionHandle;
  on<N extends EventName<C> = EventName<C>>(
    type: 'any',
    handler: EventHandler<N, C>,
    options?: OnAnyOptions<N, C>,
  ): SubscriptionHandle;

  /**
   * Yields events and the stream's own items to a loop, each with its cursor. Each loop is a subscription of its
   * own, from the moment it begins; it throws what ends the subscription, and ends when the client is closed.
   */
  stream<N extends EventName<C> = EventName<C>>(
    options?: StreamOptions<N, C>,
  ): AsyncIterable<{ cursor: string; event: StreamItem<N, C> }>;

  /**
   * A part of a topic's past, each event when its time has come, for a loop: it goes on through reconnects, and ends
   * after a `stream_synced`. Each loop is a replay of its own.
   */
  replay<N extends EventName<C> = EventName<C>>(
    options?: ReplayOptions<N, C> & Pick<StreamOptions<N, C>, 'signal' | 'bufferSize'>,
  ): AsyncIterable<{ cursor: string; event: StreamItem<N, C> }>;

  /** A page of a topic's past. @throws EventsError as {@link publish}, INVALID_CURSOR, INVALID_OPTION */
  history<N extends EventName<C> = EventName<C>>(
    options?: HistoryOptions<N, C> & RetryOptions,
  ): Promise<HistoryPage<N, C>>;

  /**
   * Takes events back, for good and from everybody: their places stay, as gaps `erased`. A lost connection is waited for.
   * @throws EventsError as {@link publish}, INVALID_CURSOR, INVALID_OPTION, INVALID_FILTER, FORBIDDEN
   */
  erase<N extends EventName<C> = EventName<C>>(
    options: EraseOptions<N, C> & RetryOptions,
  ): Promise<EraseResult>;

  /**
   * Begins an event that grows, and holds it: its lease is renewed until the handle is settled or closed, or this client is.
   * With a key that is open already the handle is of that event, `resumed`; of one that was settled lately it has the
   * settlement, `settled`.
   * @throws EventsError as {@link publish}, TOO_MANY_OPEN, FORBIDDEN
   */
  begin<N extends OpenName<C, 'growing'>>(
    type: N,
    data: EventInput<N, C>,
    options?: BeginOptions,
  ): Promise<GrowingHandle>;

  /**
   * Asks a question, and waits until it is answered, withdrawn or expired: through lost connections, and after a restart, where
   * it is asked again under the same key. It needs the rights to publish and to see the question.
   * @throws EventsError as {@link begin}; the signal's reason, when the question is withdrawn
   */
  ask<N extends OpenName<C, 'question'>>(
    type: N,
    asks: EventInput<N, C>,
    options?: AskOptions,
  ): Promise<Answered<AnswerOf<N, C>>>;

  /**
   * Answers a question, once.
   * @throws EventsError INVALID_EVENT, NOT_OPEN, FORBIDDEN; ALREADY_SETTLED, whose `settled` tells how it was settled, and by whom
   */
  answer<N extends OpenName<C, 'question'>>(
    type: N,
    id: string,
    answer: AnswerInput<N, C>,
    options?: AnswerOptions,
  ): Promise<{ cursor: string }>;

  /**
   * Joins a topic as a member, until it leaves, or its page or this client is closed. A client that dies is lost when its lease is over.
   * @throws EventsError as {@link begin}
   */
  join<N extends OpenName<C, 'presence'>>(
    type: N,
    data: EventInput<N, C>,
    options?: JoinOptions,
  ): Promise<Membership<EventInput<N, C>>>;

  /** Events of a topic that are open now. @throws EventsError as {@link publish} */
  open<N extends OfKinds<C, BegunKind>[EventName<C>] = OpenName<C, BegunKind>>(
    options?: OpenOptions<N, C>,
  ): Promise<OpenPage<N, C>>;

  /** Counts of the server process at the other end. @throws EventsError UNAVAILABLE, CLOSED */
  stats(options?: RetryOptions): Promise<ServerStats>;

  /**
   * Leaves what was joined, aborts what was begun without a key of your own and is not settled, waits for publishes in flight,
   * ends subscriptions, and closes the connection. Idempotent.
   */
  close(): Promise<void>;
}

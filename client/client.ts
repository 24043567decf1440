import type { AnyCatalog } from '../shared/catalog.ts';
import type {
  AnswerInput,
  AnswerOf,
  EventInput,
  EventName,
  EventOf,
  EventToPublish,
  OpenName,
  PublishName,
} from '../shared/events.ts';
import type { PublishResult } from '../shared/log.ts';
import type { Answered } from '../shared/open/answered.ts';
import type { GrowingHandle } from '../shared/open/handle-kinds.ts';
import type { OpenPage } from '../shared/open/open-page.ts';
import { checkOptions } from '../shared/options/known-options.ts';
import type {
  EraseOptions,
  EraseResult,
  HistoryOptions,
  ReplayOptions,
} from '../shared/options/read-options.ts';
import { requireCatalog } from '../shared/options/require-catalog.ts';
import { DEFAULT_TOPIC } from '../shared/protocol.ts';
import type { PsycheCatalog } from '../shared/psyche-events.ts';
import { type HistoryPage, isStreamNotice, isStreamUpdate, type StreamItem } from '../shared/stream-items.ts';
import { onAbort } from '../shared/timing.ts';
import type {
  ClientOptions,
  EventHandler,
  EventsClient,
  OnAnyOptions,
  RouterClientOptions,
  ServerStats,
  StreamOptions,
  SubscriptionHandle,
} from './client-types.ts';
import type { Connection } from './connection/connection-state.ts';
import { Wire } from './connection/wire.ts';
import { isolated, safeReport } from './failures/report.ts';
import type { RetryOptions } from './failures/retry.ts';
import type { EventsPath, MountedCatalog, OnlyPath, RouterWithEvents } from './mounted.ts';
import type {
  AnswerOptions,
  AskOptions,
  BeginOptions,
  JoinOptions,
  Membership,
  OpenOptions,
} from './open/open-types.ts';
import { OpenVerbs } from './open/open-verbs.ts';
import { type BatchOptions, type ClientPublishOptions, Publishing } from './publishing.ts';
import { nonEmptyPage } from './reading/history-pages.ts';
import { pull } from './reading/stream.ts';
import { Subscription } from './reading/subscription.ts';

/**
 * A client of the events in your own router: its type alone says which they are, and where.
 *
 * @example
 * const client = createClient<typeof appRouter>({ url: 'wss://a.example/trpc', path: 'events' });
 * // A router that has events in several places: name the one that is meant.
 * const news = createClient<typeof appRouter, 'news.events'>({ url: 'wss://a.example/trpc', path: 'news.events' });
 *
 * @throws TypeError when there is no usable `url` or `path`, an option is none, or `catalog` was not made by `defineEvents`
 */
export function createClient<R extends RouterWithEvents, P extends EventsPath<R> = OnlyPath<R>>(
  options: RouterClientOptions<R, P>,
): EventsClient<MountedCatalog<R, P>>;
/**
 * A client of a server's events. It connects at once, and again whenever it must.
 *
 * @example
 * const client = createClient({ url: 'ws://127.0.0.1:3000/trpc' });
 * client.on('agent_message', ({ data }) => console.log(data.agent_id, data.message));
 * // The subscription begins before the event is sent.
 * await client.publish('agent_message', { … });
 *
 * @throws TypeError when there is no usable `url` or `path`, or an option is none
 */
export function createClient<C extends AnyCatalog = PsycheCatalog>(
  options?: ClientOptions<C>,
): EventsClient<C>;
export function createClient<C extends AnyCatalog>(options: ClientOptions<C> = {}): EventsClient<C> {
  checkOptions<ClientOptions<C>>('createClient', options, {
    url: 1,
    token: 1,
    path: 1,
    connectionParams: 1,
    WebSocket: 1,
    keepAlive: 1,
    transports: 1,
    catalog: 1,
    onError: 1,
  });
  requireCatalog('createClient', options.catalog);
  return new Client(options);
}

/** Refuses functions that are no callbacks of `client.on`. The server refuses other names, since it knows all of its own. */
function checkCallbacks(input: object): void {
  const functions = Object.entries(input).filter(([, value]) => typeof value === 'function');
  checkOptions<Pick<OnAnyOptions<never, never>, `on${string}` & keyof OnAnyOptions<never, never>>>(
    'client.on',
    Object.fromEntries(functions),
    { onSynced: 1, onGap: 1, onCount: 1, onStatus: 1, onError: 1 },
  );
}

class Client<C extends AnyCatalog> implements EventsClient<C> {
  readonly connection: Connection;
  readonly #wire: Wire;
  readonly #publishing: Publishing<C>;
  readonly #opens: OpenVerbs;
  readonly #report: (error: Error) => void;

  constructor({ catalog, onError, ...connection }: ClientOptions<C>) {
    this.#report = safeReport(onError);
    this.#wire = new Wire(connection, this.#report);
    this.connection = this.#wire.connection;
    this.#publishing = new Publishing(
      (path, input, retry) => this.#wire.call('mutation', path, input, retry),
      catalog,
    );
    this.#opens = new OpenVerbs(this.#wire, catalog, this.#report);
  }

  publish<N extends PublishName<C>>(
    type: N,
    data: EventInput<N, C>,
    options?: ClientPublishOptions,
  ): Promise<PublishResult> {
    return this.#publishing.publish(type, data, options);
  }

  publishBatch(events: readonly EventToPublish<C>[], options?: BatchOptions): Promise<PublishResult[]> {
    return this.#publishing.publishBatch(events, options);
  }

  on<N extends EventName<C>>(
    type: N | 'any',
    handler: EventHandler<N, C>,
    options: OnAnyOptions<N, C> = {},
  ): SubscriptionHandle {
    if (typeof handler !== 'function')
      throw new TypeError('client.on: pass a function that takes the events, after their type');
    const { signal, onSynced, onGap, onCount, onStatus, onError, ...input } = options;
    checkCallbacks(input);
    const call = (run: () => unknown): void => isolated(run, this.#report);
    let letGo: (() => void) | undefined;
    const subscription = new Subscription(this.#wire, `on.${type}`, input, {
      onItem: (item, cursor) =>
        call(() => {
          const { topic = input.topic ?? DEFAULT_TOPIC } = item;
          if (isStreamUpdate(item))
            return onCount?.(item.data as { type: N; count: number; each?: boolean }, { topic }); // all others are events by now
          if (!isStreamNotice(item)) return handler(item as EventOf<N, C>, { cursor, topic }); // `on.<type>` sends no other
          return item.event_type === 'stream_gap' ? onGap?.(item.data, { topic }) : onSynced?.(item.data);
        }),
      onStatus: (status) => call(() => onStatus?.(status)),
      onRetry: (error) => call(() => onError?.(error, true)),
      onEnd: (error) => {
        letGo?.();
        if (!error) return;
        call(() => {
          if (!onError) throw error; // it is reported
          return onError(error, false);
        });
      },
    });
    const unsubscribe = (): void => {
      letGo?.();
      subscription.stop();
    };
    letGo = signal && onAbort(signal, unsubscribe);
    if (signal?.aborted) unsubscribe();
    return {
      get cursor() {
        return subscription.cursor;
      },
      ready: subscription.ready,
      unsubscribe,
    };
  }

  stream<N extends EventName<C>>(
    options: StreamOptions<N, C> = {},
  ): AsyncIterable<{ cursor: string; event: StreamItem<N, C> }> {
    return this.#pull('on.any', options);
  }

  replay<N extends EventName<C>>(
    options: ReplayOptions<N, C> & Pick<StreamOptions<N, C>, 'signal' | 'bufferSize'> = {},
  ): AsyncIterable<{ cursor: string; event: StreamItem<N, C> }> {
    return this.#pull('replay', options);
  }

  async history<N extends EventName<C>>(
    options: HistoryOptions<N, C> & RetryOptions = {},
  ): Promise<HistoryPage<N, C>> {
    const { signal, timeoutMs, ...asked } = options;
    return nonEmptyPage(
      (page: HistoryOptions<N, C>) => this.#wire.ask('history', page, { signal, timeoutMs }),
      asked,
    );
  }

  erase<N extends EventName<C>>({
    signal,
    timeoutMs,
    ...asked
  }: EraseOptions<N, C> & RetryOptions): Promise<EraseResult> {
    return this.#wire.mutate('INVALID_OPTION', 'erase', asked, { signal, timeoutMs });
  }

  begin<N extends OpenName<C, 'growing'>>(
    type: N,
    data: EventInput<N, C>,
    options?: BeginOptions,
  ): Promise<GrowingHandle> {
    return this.#opens.begin(type, data, options);
  }

  ask<N extends OpenName<C, 'question'>>(
    type: N,
    asks: EventInput<N, C>,
    options?: AskOptions,
  ): Promise<Answered<AnswerOf<N, C>>> {
    return this.#opens.ask(type, asks, options);
  }

  answer<N extends OpenName<C, 'question'>>(
    type: N,
    id: string,
    answer: AnswerInput<N, C>,
    options?: AnswerOptions,
  ): Promise<{ cursor: string }> {
    return this.#opens.answer(type, id, answer, options);
  }

  join<N extends OpenName<C, 'presence'>>(
    type: N,
    data: EventInput<N, C>,
    options?: JoinOptions,
  ): Promise<Membership<EventInput<N, C>>> {
    return this.#opens.join(type, data, options);
  }

  open<N extends OpenName<C>>(options?: OpenOptions<N, C>): Promise<OpenPage<N, C>> {
    return this.#opens.open(options);
  }

  stats(options?: RetryOptions): Promise<ServerStats> {
    return this.#wire.call('query', 'stats', undefined, options);
  }

  #pull<N extends EventName<C>>(
    path: 'on.any' | 'replay',
    { signal, bufferSize = 1024, ...input }: StreamOptions<N, C>,
  ): AsyncIterable<{ cursor: string; event: StreamItem<N, C> }> {
    if (!Number.isInteger(bufferSize) || bufferSize < 1) {
      throw new TypeError('client: bufferSize must be a positive integer');
    }
    const items = () =>
      pull(
        (sink, after, known) =>
          new Subscription(this.#wire, path, { ...input, since: after ?? input.since }, sink, known),
        bufferSize,
        signal,
      ) as AsyncGenerator<{ cursor: string; event: StreamItem<N, C> }>; // they send nothing but `types`
    return { [Symbol.asyncIterator]: items };
  }

  async close(): Promise<void> {
    const left = this.#opens.close();
    if (left) await left;
    await this.#wire.close();
  }
}

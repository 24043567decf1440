import type { AnyCatalog } from '../../shared/catalog.ts';
import type { EventInput, EventName, EventToPublish, OfOtherKinds } from '../../shared/events.ts';
import type { PublishResult, PublishTarget } from '../../shared/log.ts';
import { checkOptions } from '../../shared/options/known-options.ts';
import type { PublishAs } from '../../shared/options/publish-as.ts';
import type { PsycheCatalog } from '../../shared/psyche-events.ts';
import { createClient } from '../client.ts';
import type { ConnectionOptions } from '../connection/connection-options.ts';
import type { RequestHeaders, Token } from '../connection/credentials.ts';
import { endpointUrl } from '../connection/url.ts';
import { closedError } from '../failures/errors.ts';
import type { EventsPath, MountedCatalog, OnlyPath, PathOption, RouterWithEvents } from '../mounted.ts';
import { type BatchOptions, type ClientPublishOptions, Publishing } from '../publishing.ts';
import { BrokerSender } from './broker-sender.ts';
import { httpMutate } from './http-mutate.ts';

/** Publishes to a server: over HTTP, one request each, or over one WebSocket that stays open. */
export interface RemotePublisherOptions<C extends AnyCatalog = PsycheCatalog>
  extends Pick<ConnectionOptions, 'WebSocket' | 'path' | 'connectionParams'> {
  /** The server: `http(s)://…` or `ws(s)://…`. {@link ConnectionOptions.url} says what is made of it. */
  url: string | URL;
  broker?: never;
  by?: never;
  /** Sent as `Authorization: Bearer …`, or in the WebSocket's first message; a function is asked for each request or connection. */
  token?: Token | undefined;
  /**
   * Over HTTP what `connectionParams` are over a WebSocket: headers for the context of your own server. A function is
   * asked for each request. `token` is the header `authorization`.
   * @default none
   */
  headers?: RequestHeaders | undefined;
  /** Checks events before they are sent. Default: the server alone does. */
  catalog?: C | undefined;
}

/** Publishes straight to a broker, past any server. */
export interface BrokerPublisherOptions<C extends AnyCatalog = PsycheCatalog> {
  /** For example a `RedisBroker`. It stays open when the publisher is closed. */
  broker: PublishTarget;
  url?: never;
  /** Checks events. Default: the Psyche Simulation's. */
  catalog?: C | undefined;
  /** Publisher that every event's `by` names; a server names its sessions' subjects itself [V6]. Default: nobody is named. */
  by?: string | undefined;
  /**
   * Versions that events are published at while older processes are about, by event: `{ agent_message: 1 }`. Data is of
   * that version, or of the newest where each step between has a way back.
   * @default the newest of each
   */
  publishAs?: PublishAs<C> | undefined;
}

/** Options of {@link createPublisher}: the address of a server, or a broker. */
export type PublisherOptions<C extends AnyCatalog = PsycheCatalog> =
  | RemotePublisherOptions<C>
  | BrokerPublisherOptions<C>;

/** Options of {@link createPublisher} where it is typed by your router: `path` is one of its paths. */
export type RouterPublisherOptions<R extends RouterWithEvents, P extends EventsPath<R> = OnlyPath<R>> = Omit<
  RemotePublisherOptions<MountedCatalog<R, P>>,
  'path'
> &
  PathOption<P>;

/** Publishes events, and nothing else. What fails in passing is tried again, under the same idempotency key [D3]. */
export interface Publisher<C extends AnyCatalog = PsycheCatalog> {
  /**
   * @throws EventsError INVALID_EVENT, UNKNOWN_EVENT, INVALID_TOPIC, CLOSED; UNAVAILABLE or OVERLOADED after `timeoutMs`
   */
  publish<N extends OfOtherKinds<C, 'question' | 'presence'>[EventName<C>]>(
    type: N,
    data: EventInput<N, C>,
    options?: ClientPublishOptions,
  ): Promise<PublishResult>;
  /** All events, in order and contiguously, or none. @throws as {@link publish} */
  publishBatch(events: readonly EventToPublish<C>[], options?: BatchOptions): Promise<PublishResult[]>;
  /** Waits for what is in flight. Idempotent. */
  close(): Promise<void>;
}

/**
 * A publisher for processes that only publish.
 *
 * @example
 * const publisher = createPublisher({ url: 'http://127.0.0.1:3000/trpc' });
 * await publisher.publish('agent_message', { … });
 *
 * @throws TypeError when `url` is not an address, or `path` no path, only what the other transport carries was passed, or
 * an option is none
 */
export function createPublisher<C extends AnyCatalog = PsycheCatalog>(
  options: PublisherOptions<C>,
): Publisher<C>;
/**
 * A publisher to the events in your own router, typed by it.
 *
 * @example createPublisher<typeof appRouter>({ url: 'https://a.example/trpc', path: 'events', headers: { user: 'Ada' } })
 */
export function createPublisher<R extends RouterWithEvents, P extends EventsPath<R> = OnlyPath<R>>(
  options: RouterPublisherOptions<R, P>,
): Publisher<MountedCatalog<R, P>>;
export function createPublisher<C extends AnyCatalog>(options: PublisherOptions<C>): Publisher<C> {
  if (options?.broker) {
    checkOptions<Omit<BrokerPublisherOptions<C>, 'url'>>('createPublisher', options, BROKER_OPTIONS);
    return new InFlight(new BrokerSender(options));
  }
  checkOptions<RemoteOnly<C>>('createPublisher', options, REMOTE_OPTIONS);
  const { url, path, token, headers, connectionParams, catalog } = options;
  const endpoint = endpointUrl(url);
  const isSocket = /^wss?:$/.test(endpoint.protocol);
  const [fitting, other] = isSocket ? [connectionParams, headers] : [headers, connectionParams];
  if (fitting === undefined && other !== undefined) {
    throw new TypeError(
      'createPublisher: pass headers for http(s)://, connectionParams for ws(s)://, or both for either.',
    );
  }
  if (isSocket) {
    const { WebSocket } = options;
    return createClient({ url, path, token, connectionParams, WebSocket, catalog });
  }
  return new InFlight(new Publishing(httpMutate({ url: endpoint.href, path, token, headers }), catalog));
}

type RemoteOnly<C extends AnyCatalog> = Omit<RemotePublisherOptions<C>, 'broker' | 'by'>;

const BROKER_OPTIONS = { broker: 1, catalog: 1, by: 1, publishAs: 1 } as const;
const REMOTE_OPTIONS = {
  url: 1,
  path: 1,
  token: 1,
  headers: 1,
  connectionParams: 1,
  WebSocket: 1,
  catalog: 1,
} as const;

/** Adds `close()` to a way of publishing. */
class InFlight<C extends AnyCatalog> implements Publisher<C> {
  readonly #sender: Omit<Publisher<C>, 'close'>;
  readonly #inFlight = new Set<Promise<unknown>>();
  #closed = false;

  constructor(sender: Omit<Publisher<C>, 'close'>) {
    this.#sender = sender;
  }

  publish<N extends OfOtherKinds<C, 'question' | 'presence'>[EventName<C>]>(
    type: N,
    data: EventInput<N, C>,
    options?: ClientPublishOptions,
  ): Promise<PublishResult> {
    return this.#track(() => this.#sender.publish(type, data, options));
  }

  publishBatch(events: readonly EventToPublish<C>[], options?: BatchOptions): Promise<PublishResult[]> {
    return this.#track(() => this.#sender.publishBatch(events, options));
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.allSettled(this.#inFlight);
  }

  async #track<T>(publish: () => Promise<T>): Promise<T> {
    if (this.#closed) throw closedError();
    const call = publish();
    this.#inFlight.add(call);
    try {
      return await call;
    } finally {
      this.#inFlight.delete(call);
    }
  }
}

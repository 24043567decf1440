import { type ConnectionOptions, createClient, type EventsClient } from '../../client/index.ts';
import type { DeliveryReader } from '../../verify/index.ts';

export interface FollowersOptions {
  urls: readonly string[];
  /** Each follower follows one. */
  topics: readonly string[];
  perTopic: number;
  /** Default true. False: on every new connection they subscribe anew, without a cursor: no protection [D12]. */
  resumes?: boolean;
  /** Default false: they are tRPC's own clients, as they come. */
  stock?: boolean;
}

/** Receives a follower's events and gaps. */
export type Reader = Pick<DeliveryReader, 'event' | 'gap'>;

/** Some followers, wherever they run. */
export interface Following extends AsyncDisposable {
  /** True if all are level with the server. */
  readonly areLive: boolean;
  /** Least number of times that each of them has come level. */
  readonly synced: number;
  /** The most attempts that one of them needed to connect again. */
  readonly attempts: number;
}

interface Follower {
  readonly client: EventsClient;
  readonly topic: string;
  readonly reader: Reader;
  isLive: boolean;
  synced: number;
}

/** So many connect at a time, the next when one is live: a start is no storm. */
const AT_ONCE = 50;

/** Clients that follow topics, and tell readers what they get. */
export class Followers implements Following {
  attempts = 0;
  readonly #url: (index: number) => string | undefined;
  readonly #resumes: boolean;
  readonly #WebSocket: ConnectionOptions['WebSocket'];
  readonly #waiting: { topic: string; reader: Reader }[];
  readonly #started: Follower[] = [];

  constructor(
    { urls, topics, perTopic, resumes = true }: FollowersOptions,
    readerOf: (topic: string) => Reader,
    WebSocket?: ConnectionOptions['WebSocket'],
  ) {
    this.#WebSocket = WebSocket;
    this.#url = (index) => urls[index % urls.length];
    this.#resumes = resumes;
    this.#waiting = topics.flatMap((topic) =>
      Array.from({ length: perTopic }, () => ({ topic, reader: readerOf(topic) })),
    );
    for (let i = 0; i < AT_ONCE; i++) this.#startNext();
  }

  get areLive(): boolean {
    return this.#waiting.length === 0 && this.#started.every(({ isLive }) => isLive);
  }

  get synced(): number {
    return this.#waiting.length > 0 ? 0 : Math.min(...this.#started.map(({ synced }) => synced));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#waiting.length = 0;
    await Promise.all(this.#started.map(({ client }) => client.close()));
  }

  #startNext(): void {
    const next = this.#waiting.shift();
    if (!next) return;
    const client = createClient({
      url: this.#url(this.#started.length),
      WebSocket: this.#WebSocket,
    });
    const follower: Follower = { ...next, client, isLive: false, synced: 0 };
    this.#started.push(follower);
    client.connection.subscribe(({ attempt }) => {
      if (follower.synced > 0) this.attempts = Math.max(this.attempts, attempt);
    });
    this.#follow(follower);
  }

  #follow(follower: Follower): void {
    const { client, topic, reader } = follower;
    const handle = client.on('agent_message', ({ data }) => reader.event(data.message), {
      topic,
      onGap: () => reader.gap(),
      onSynced: () => {
        if (++follower.synced === 1) this.#startNext();
      },
      onStatus: (status) => {
        follower.isLive = status === 'live';
        if (this.#resumes || status !== 'stale') return;
        handle.unsubscribe();
        setTimeout(() => this.#follow(follower), 20);
      },
      onError: () => {},
    });
  }
}

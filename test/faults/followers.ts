import { createClient, type EventsClient } from '../../client/index.ts';
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

/** Where a follower's events and gaps go. */
export type Reader = Pick<DeliveryReader, 'event' | 'gap'>;

/** Some followers, wherever they run. */
export interface Following extends AsyncDisposable {
  /** Whether all have subscribed. */
  readonly areLive: boolean;
  /** How often one of them was level with the server, the first time too. */
  readonly synced: number;
  /** The most attempts that one of them needed to connect again. */
  readonly attempts: number;
}

/** So many connect at a time, the next when one is live: a start is no storm. */
const AT_ONCE = 50;

/** Clients that follow topics, and tell readers what they get. */
export class Followers implements Following {
  synced = 0;
  attempts = 0;
  readonly #url: (index: number) => string | undefined;
  readonly #resumes: boolean;
  readonly #waiting: { topic: string; reader: Reader }[];
  readonly #count: number;
  readonly #clients: EventsClient[] = [];
  #live = 0;

  constructor(
    { urls, topics, perTopic, resumes = true }: FollowersOptions,
    readerOf: (topic: string) => Reader,
  ) {
    this.#url = (index) => urls[index % urls.length];
    this.#resumes = resumes;
    this.#waiting = topics.flatMap((topic) =>
      Array.from({ length: perTopic }, () => ({ topic, reader: readerOf(topic) })),
    );
    this.#count = this.#waiting.length;
    for (let i = 0; i < AT_ONCE; i++) this.#startNext();
  }

  get areLive(): boolean {
    return this.#live === this.#count;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#waiting.length = 0;
    await Promise.all(this.#clients.map((client) => client.close()));
  }

  #startNext(): void {
    const next = this.#waiting.shift();
    if (!next) return;
    const client = createClient({ url: this.#url(this.#clients.length) });
    this.#clients.push(client);
    let isLive = false;
    client.connection.subscribe(({ attempt }) => {
      if (isLive) this.attempts = Math.max(this.attempts, attempt);
    });
    this.#follow(client, next.topic, next.reader, () => {
      this.synced++;
      if (isLive) return;
      isLive = true;
      this.#live++;
      this.#startNext();
    });
  }

  #follow(client: EventsClient, topic: string, reader: Reader, onSynced: () => void): void {
    const handle = client.on('agent_message', ({ data }) => reader.event(data.message), {
      ...{ topic, onSynced },
      onGap: () => reader.gap(),
      onStatus: (status) => {
        if (this.#resumes || status !== 'stale') return;
        handle.unsubscribe();
        setTimeout(() => this.#follow(client, topic, reader, onSynced), 20);
      },
      onError: () => {},
    });
  }
}

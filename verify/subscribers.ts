import { createClient, type EventsClient } from '../client/index.ts';
import type { DeliveryChecker } from './delivery-checker.ts';

export interface SubscribersOptions {
  urls: readonly string[];
  path?: string | undefined;
  token?: string | undefined;
  topic: string;
  count: number;
  /** Sees each event, by its message, when it arrives. */
  onEvent: (message: string) => void;
}

/** Subscribers, each with a connection of its own, that tell a checker what they get. */
export class Subscribers implements AsyncDisposable {
  readonly #clients: EventsClient[] = [];
  #live = 0;
  /** Why a subscription will be tried again. */
  #lastError: Error | null = null;
  /** Resolves once all have subscribed. Rejects when one was refused. */
  readonly live: Promise<void>;

  constructor(checker: DeliveryChecker, { urls, path, token, topic, count, onEvent }: SubscribersOptions) {
    this.live = new Promise((resolve, reject) => {
      for (let index = 0; index < count; index++) {
        const reader = checker.reader();
        const client = createClient({ url: urls[index % urls.length], path, token, onError: reject });
        this.#clients.push(client);
        let isLive = false;
        client.on(
          'agent_message',
          ({ data: { message } }) => {
            reader.event(message);
            onEvent(message);
          },
          {
            topic,
            onGap: () => reader.gap(),
            onError: (error, willRetry) => {
              this.#lastError = error;
              if (!willRetry) reject(error);
            },
            onSynced: () => {
              if (isLive) return;
              isLive = true;
              if (++this.#live === count) resolve();
            },
          },
        );
      }
    });
    this.live.catch(() => {}); // whoever waits for it sees the error
  }

  /** Their progress in words. */
  describe(): string {
    const states = this.#clients.map(({ connection }) => connection.state);
    const connected = states.filter(({ status }) => status === 'live').length;
    const error = this.#lastError ?? states.find(({ error }) => error !== null)?.error;
    return `of ${states.length} subscribers ${connected} are connected and ${this.#live} have subscribed${error ? `; ${error.message}` : ''}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
  }
}

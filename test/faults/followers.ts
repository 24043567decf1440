import { createClient, type EventsClient } from '../../client/index.ts';
import type { DeliveryChecker } from '../../verify/index.ts';

/** Clients that follow a server, and tell a checker what they get. */
export class Followers implements AsyncDisposable {
  readonly #clients: EventsClient[] = [];
  #synced = 0;

  /** @param resumes false: on every new connection they subscribe anew, without a cursor: no protection [D12] */
  constructor(
    checker: DeliveryChecker,
    urls: readonly string[],
    count: number,
    resumes = true,
    topic: string | undefined = undefined,
  ) {
    for (let i = 0; i < count; i++) {
      const url = urls[i % urls.length];
      const client = createClient({ url });
      this.#clients.push(client);
      const reader = checker.reader();
      const follow = (): void => {
        let first = true;
        const handle = client.on('agent_message', ({ data }) => reader.event(data.message), {
          topic,
          onGap: () => reader.gap(),
          onSynced: () => {
            if (first) this.#synced++;
            first = false;
          },
          onStatus: (status) => {
            if (resumes || status !== 'stale') return;
            handle.unsubscribe();
            setTimeout(follow, 20);
          },
          onError: () => {},
        });
      };
      follow();
    }
  }

  /** Whether all have subscribed. */
  get areLive(): boolean {
    return this.#synced >= this.#clients.length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
  }
}

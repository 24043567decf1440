import { createTRPCClient, createWSClient, wsLink } from '@trpc/client';
import superjson from 'superjson';
import { WebSocket } from 'ws';
import type { AppRouter } from '../../server/index.ts';
import type { FollowersOptions, Following, Reader } from './followers.ts';

/** tRPC's own clients, as they come, that follow topics, and tell readers what they get. */
export class StockFollowers implements Following {
  /** They do not tell. */
  readonly attempts = 0;
  readonly #sockets: ReturnType<typeof createWSClient>[] = [];
  readonly #synced: number[] = [];

  readonly #WebSocket: typeof WebSocket;

  constructor(
    { urls, topics, perTopic }: FollowersOptions,
    readerOf: (topic: string) => Reader,
    Socket: typeof WebSocket = WebSocket,
  ) {
    this.#WebSocket = Socket;
    for (const topic of topics) {
      for (let i = 0; i < perTopic; i++) this.#follow(urls[i % urls.length] ?? '', topic, readerOf(topic));
    }
  }

  /** Once they were; they do not tell when they no longer are. */
  get areLive(): boolean {
    return this.#synced.every((count) => count > 0);
  }

  get synced(): number {
    return Math.min(...this.#synced);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#sockets.map((socket) => socket.close()));
  }

  #follow(url: string, topic: string, reader: Reader): void {
    const client = createWSClient({ url, WebSocket: this.#WebSocket as never });
    this.#sockets.push(client);
    const index = this.#synced.push(0) - 1;
    const trpc = createTRPCClient<AppRouter>({ links: [wsLink({ client, transformer: superjson })] });
    trpc.on.agent_message.subscribe(
      { topic },
      {
        onData: ({ data }) => {
          if (data.event_type === 'agent_message') return reader.event(data.data.message);
          if (data.event_type === 'stream_gap') return reader.gap();
          this.#synced[index] = (this.#synced[index] ?? 0) + 1;
        },
      },
    );
  }
}

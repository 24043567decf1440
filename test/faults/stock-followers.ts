import { createTRPCClient, createWSClient, wsLink } from '@trpc/client';
import superjson from 'superjson';
import { WebSocket } from 'ws';
import type { AppRouter } from '../../server/index.ts';
import type { DeliveryChecker } from '../../verify/index.ts';

/** tRPC's own clients, as they come, that follow a topic and tell a checker what they get. */
export class StockFollowers implements AsyncDisposable {
  readonly #sockets: ReturnType<typeof createWSClient>[] = [];
  #synced = 0;

  constructor(checker: DeliveryChecker, url: string, count: number, topic: string) {
    for (let i = 0; i < count; i++) {
      const client = createWSClient({ url, WebSocket: WebSocket as never });
      this.#sockets.push(client);
      const reader = checker.reader();
      let first = true;
      const trpc = createTRPCClient<AppRouter>({ links: [wsLink({ client, transformer: superjson })] });
      trpc.on.agent_message.subscribe(
        { topic },
        {
          onData: ({ data }) => {
            if (data.event_type === 'agent_message') reader.event(data.data.message);
            else if (data.event_type === 'stream_gap') reader.gap();
            else if (first) {
              first = false;
              this.#synced++;
            }
          },
        },
      );
    }
  }

  /** Whether all have subscribed. */
  get areLive(): boolean {
    return this.#synced >= this.#sockets.length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#sockets.map((socket) => socket.close()));
  }
}

import {
  createTRPCClient,
  createWSClient,
  httpBatchLink,
  httpSubscriptionLink,
  splitLink,
  wsLink,
} from '@trpc/client';
import superjson from 'superjson';
import type { AppRouter } from '../../../server/index.ts';

/** tRPC's own clients in a browser, with nothing of ours. */
const transformer = superjson;
const url = `${location.origin}/trpc`;
const links = {
  wsLink: () =>
    wsLink<AppRouter>({
      client: createWSClient({ url: url.replace('http', 'ws'), retryDelayMs: () => 50 }),
      transformer,
    }),
  httpSubscriptionLink: () =>
    splitLink<AppRouter>({
      condition: ({ type }) => type === 'subscription',
      true: httpSubscriptionLink({ url, transformer }),
      false: httpBatchLink({ url, transformer }),
    }),
};

export type Link = keyof typeof links;
export type Seen = [cursor: string, what: string];

Object.assign(window, {
  /** Subscribes, and returns the array that items are put into as they come. */
  follow(link: Link): Seen[] {
    const seen: Seen[] = [];
    const client = createTRPCClient<AppRouter>({ links: [links[link]()] });
    client.on.any.subscribe(undefined, {
      onData: ({ id, data }) =>
        seen.push([id, data.event_type === 'agent_message' ? data.data.message : data.event_type]),
    });
    return seen;
  },
  async publish(link: Link, message: string): Promise<string> {
    const client = createTRPCClient<AppRouter>({ links: [links[link]()] });
    const { cursor } = await client.publish.agent_message.mutate({
      data: {
        agent_id: 'shadow',
        agent_type: 'Shadow',
        message,
        sentiment: { score: 0, label: 'neutral' },
        metadata: {},
      },
    });
    return cursor;
  },
});

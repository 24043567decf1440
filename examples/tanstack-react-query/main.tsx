/**
 * The events without our hooks: tRPC's own client and its integration of TanStack Query, on the same router. Our client does
 * one thing here: each message makes a query stale, and so does a gap.
 *
 *   npm start                                  the server, on port 3000
 *   npx vite examples/tanstack-react-query     this page; /trpc is proxied by vite.config.ts beside it
 */
import { QueryClient, QueryClientProvider, useMutation, useQuery } from '@tanstack/react-query';
import { createTRPCClient, createWSClient, wsLink } from '@trpc/client';
import { createTRPCContext, useSubscription } from '@trpc/tanstack-react-query';
import { createClient } from 'psyche-events/client';
import type { AppRouter } from 'psyche-events/server';
import { invalidateOn } from 'psyche-events/store';
import { StrictMode, useEffect, useState } from 'react';
import { createRoot } from 'react-dom/client';
import superjson from 'superjson';

const { TRPCProvider, useTRPC } = createTRPCContext<AppRouter>();

const socket = createWSClient({ url: `${location.origin.replace(/^http/, 'ws')}/trpc` });
const trpcClient = createTRPCClient<AppRouter>({
  links: [wsLink({ client: socket, transformer: superjson })],
});
const queryClient = new QueryClient();
const events = createClient(); // a socket of its own

interface Message {
  cursor: string;
  from: string;
  text: string;
}

function Messages() {
  const trpc = useTRPC();
  const [messages, setMessages] = useState<Message[]>([]);
  const subscription = useSubscription(
    trpc.on.agent_message.subscriptionOptions(
      { since: { last: 20 } },
      {
        onData({ id, data }) {
          // Besides its events a stream says when it has caught up, and what it could not deliver.
          if (data.event_type === 'stream_gap') console.warn('Lost:', data.data);
          if (data.event_type !== 'agent_message') return;
          const { agent_id, message } = data.data;
          const arrived: Message = { cursor: id, from: agent_id, text: message };
          // While developing, StrictMode subscribes twice, and both bring the last 20.
          setMessages((before) => [...before.filter(({ cursor }) => cursor !== id), arrived].slice(-20));
        },
      },
    ),
  );
  return (
    <>
      <p>Subscription: {subscription.status}</p>
      <ul>
        {messages.map(({ cursor, from, text }) => (
          <li key={cursor}>
            {from}: {text}
          </li>
        ))}
      </ul>
    </>
  );
}

function Publish() {
  const trpc = useTRPC();
  const publish = useMutation(trpc.publish.agent_message.mutationOptions());
  // Whoever publishes: the figure is asked for again, also after a loss of which nothing else is known.
  const stats = useQuery(trpc.stats.queryOptions());
  useEffect(() => {
    const key = trpc.stats.queryKey();
    return invalidateOn(events, queryClient, { agent_message: () => key }, { within: [key] });
  }, [trpc]);
  const send = (message: string) =>
    publish.mutate({
      data: {
        agent_id: 'visitor',
        agent_type: 'Ego',
        message,
        sentiment: { score: 0, label: 'neutral' },
        metadata: {},
      },
    });
  return (
    <form action={(form) => send(String(form.get('message')))}>
      <input name="message" aria-label="Message" required />
      <button type="submit" disabled={publish.isPending}>
        Publish
      </button>
      <p>
        {publish.error?.message ??
          `Published since the start: ${stats.data?.published['agent_message'] ?? '…'}`}
      </p>
    </form>
  );
}

createRoot(document.getElementById('root') ?? document.body).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <TRPCProvider trpcClient={trpcClient} queryClient={queryClient}>
        <h1>Agent messages</h1>
        <Publish />
        <Messages />
      </TRPCProvider>
    </QueryClientProvider>
  </StrictMode>,
);

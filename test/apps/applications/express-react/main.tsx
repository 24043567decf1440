/** A page with the hooks of this package and with those of @trpc/tanstack-react-query, of the same router. */
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { createTRPCClient, httpBatchLink, httpSubscriptionLink, splitLink } from '@trpc/client';
import { createTRPCContext, useSubscription } from '@trpc/tanstack-react-query';
import { createPsycheEvents } from 'psyche-events/react';
import { StrictMode, useState } from 'react';
import { createRoot } from 'react-dom/client';
import superjson from 'superjson';
import type { AppRouter } from './router.ts';

const { EventsProvider, useEvents } = createPsycheEvents<AppRouter>();
const { TRPCProvider, useTRPC } = createTRPCContext<AppRouter>();

const url = '/trpc';
const queryClient = new QueryClient();
const trpcClient = createTRPCClient<AppRouter>({
  links: [
    splitLink({
      condition: ({ type }) => type === 'subscription',
      true: httpSubscriptionLink({ url, transformer: superjson, connectionParams: { user: 'Ada' } }),
      false: httpBatchLink({ url, transformer: superjson, headers: { 'x-user': 'Ada' } }),
    }),
  ],
});

function Hooks() {
  const { events } = useEvents({ types: ['dream'], since: { last: 10 } });
  return (
    <ol id="hooks">
      {events.map(({ cursor, data }) => (
        <li key={cursor}>
          {data.at.getUTCFullYear()} {String(data.heard.get('fire'))} {String(data.length)}
        </li>
      ))}
    </ol>
  );
}

function Stock() {
  const trpc = useTRPC();
  const [line, setLine] = useState('');
  useSubscription(
    trpc.events.on.dream.subscriptionOptions(
      { since: { last: 1 } },
      {
        onData({ id, data }) {
          if (data.event_type !== 'dream') return;
          setLine(`${id.split(':')[1]} ${data.data.at.getUTCFullYear()} ${data.data.length}`);
        },
      },
    ),
  );
  return <p id="stock">{line}</p>;
}

createRoot(document.getElementById('root') as HTMLElement).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <TRPCProvider queryClient={queryClient} trpcClient={trpcClient}>
        <EventsProvider path="events" connectionParams={{ user: 'Ada' }}>
          <Hooks />
          <Stock />
        </EventsProvider>
      </TRPCProvider>
    </QueryClientProvider>
  </StrictMode>,
);

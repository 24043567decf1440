'use client';

import { createTRPCClient, httpSubscriptionLink } from '@trpc/client';
import { createPsycheEvents } from 'psyche-events/react';
import { useEffect, useState } from 'react';
import superjson from 'superjson';
import type { AppRouter } from '../router.ts';

const { EventsProvider, useEvents } = createPsycheEvents<AppRouter>();

/** Events over WebSocket by the hooks, and over the route handler's server-sent events by tRPC's own client. */
export function Dreams({ url }: { url: string }) {
  return (
    <EventsProvider url={url} path="events" connectionParams={{ user: 'Ada' }}>
      <Hooks />
      <Stock />
    </EventsProvider>
  );
}

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
  const [line, setLine] = useState('');
  useEffect(() => {
    const trpc = createTRPCClient<AppRouter>({
      links: [
        httpSubscriptionLink({ url: '/trpc', transformer: superjson, connectionParams: { user: 'Ada' } }),
      ],
    });
    const subscription = trpc.events.on.dream.subscribe(
      { since: { last: 1 } },
      {
        onData({ id, data }) {
          if (data.event_type !== 'dream') return;
          setLine(`${id.split(':')[1]} ${data.data.at.getUTCFullYear()} ${data.data.length}`);
        },
      },
    );
    return () => subscription.unsubscribe();
  }, []);
  return <p id="stock">{line}</p>;
}

/**
 * A page of an application that has the events under a key of its router, `shop.events`: the router's type says which
 * events there are, and where.
 *
 *   npx vite examples/react-in-your-app        this page, and a server for it: see vite.config.ts beside it
 */

import { createPsycheEvents } from 'psyche-events/react';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import type { AppRouter } from './router.ts';

const { EventsProvider, useEvents, usePublish } = createPsycheEvents<AppRouter>();

function Orders() {
  const { events, status, error } = useEvents({ types: ['order_placed'], since: { last: 20 } });
  if (status === 'refused') return <p role="alert">{error?.message}</p>;
  return (
    <ul>
      {events.map(({ cursor, data }) => (
        <li key={cursor}>
          {data.item}: {(data.cents / 100n).toString()} dollars, in {data.at.getUTCFullYear()}
        </li>
      ))}
    </ul>
  );
}

function Order() {
  const { publish, pending, error } = usePublish('order_placed');
  return (
    <>
      <button
        type="button"
        disabled={pending}
        onClick={() => publish({ item: 'a lamp', cents: 4200n, at: new Date() })}
      >
        Order a lamp
      </button>
      {error && <p role="alert">{error.message}</p>}
    </>
  );
}

// The application's own context knows its caller: here, the name in the page's address.
const user = new URLSearchParams(location.search).get('user') ?? undefined;

createRoot(document.getElementById('root') ?? document.body).render(
  <StrictMode>
    <EventsProvider path="shop.events" connectionParams={{ user }}>
      <Order />
      <Orders />
    </EventsProvider>
  </StrictMode>,
);

import { createPsycheEvents } from 'psyche-events/react';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { catalog } from './catalog.ts';

const { EventsProvider, useConnection, useEvents, usePublish } = createPsycheEvents(catalog);

function Messages() {
  const { events } = useEvents({ types: ['message'], since: { last: 50 } });
  return (
    <ol>
      {events.map(({ cursor, data }) => (
        <li key={cursor}>
          {data.text} <time>{data.at.toLocaleTimeString()}</time>
        </li>
      ))}
    </ol>
  );
}

function Say() {
  const { publish, pending, error } = usePublish('message');
  return (
    <form action={async (form) => void (await publish({ text: String(form.get('text')), at: new Date() }))}>
      <input name="text" aria-label="Message" required />
      <button type="submit" disabled={pending}>
        Say
      </button>
      {error && <p role="alert">{error.message}</p>}
    </form>
  );
}

function Connection() {
  const { status } = useConnection();
  return <p>{status}</p>;
}

createRoot(document.getElementById('root') ?? document.body).render(
  <StrictMode>
    <EventsProvider>
      <Messages />
      <Say />
      <Connection />
    </EventsProvider>
  </StrictMode>,
);

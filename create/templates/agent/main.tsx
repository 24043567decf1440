import { createPsycheEvents } from 'psyche-events/react';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { catalog } from './catalog.ts';

const { EventsProvider, useEvents, usePublish } = createPsycheEvents(catalog);

function Conversation() {
  // A reply is one row from its first token to its last: `data.text` is always the whole text so far.
  const { events } = useEvents({ types: ['message', 'reply'], since: { last: 50 } });
  const { publish: stop } = usePublish('stop');
  return (
    <ol>
      {events.map(({ event_type, cursor, data, open }) => (
        <li key={open?.id ?? cursor} data-state={open?.state ?? event_type}>
          {data.text}
          {open?.state === 'open' && (
            <button type="button" onClick={() => stop({ reply: open.id })}>
              Stop
            </button>
          )}
          {open?.state === 'aborted' && <em> ({open.reason})</em>}
        </li>
      ))}
    </ol>
  );
}

function Say() {
  const { publish, pending, error } = usePublish('message');
  return (
    <form action={async (form) => void (await publish({ text: String(form.get('text')) }))}>
      <input name="text" aria-label="Message" />
      <button type="submit" disabled={pending}>
        Say
      </button>
      {error && <p role="alert">{error.message}</p>}
    </form>
  );
}

createRoot(document.getElementById('root') ?? document.body).render(
  <StrictMode>
    <EventsProvider>
      <Conversation />
      <Say />
    </EventsProvider>
  </StrictMode>,
);

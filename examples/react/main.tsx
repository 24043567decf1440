/**
 * A page with the hooks: everything is typed by the catalog, one socket serves all components, and the page tells the
 * truth while it is lost.
 *
 *   npx vite examples/react        this page, and a server for it: see vite.config.ts beside it
 */

import {
  EventsProvider,
  useConnection,
  useEvent,
  useEventSelector,
  useEvents,
  useLatest,
  usePublish,
} from 'psyche-events/react';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';

function Connection() {
  const { status, attempt, retry } = useConnection();
  return (
    <p role="status">
      {status}
      {status === 'reconnecting' && (
        <>
          , attempt {attempt}{' '}
          <button type="button" onClick={retry}>
            Retry now
          </button>
        </>
      )}
    </p>
  );
}

function Messages() {
  // The same subscription as in <Mood>, since they ask for the same.
  const { events, status, gap, loadOlder } = useEvents({ types: ['agent_message'], since: { last: 20 } });
  return (
    <section style={{ opacity: status === 'stale' || status === 'refused' ? 0.5 : 1 }}>
      <button type="button" onClick={() => loadOlder(20)}>
        Older
      </button>
      {gap && <p>Missing here: {gap.lost ?? 'some'} events</p>}
      <ul>
        {events.map(({ cursor, data }) => (
          <li key={cursor}>
            {data.agent_id}: {data.message}
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Renders when the mean changes in its first digit, not with each event. */
function Mood() {
  const mean = useEventSelector(
    ({ events }) => {
      const scores = events.map(({ data }) => data.sentiment.score);
      return (scores.reduce((sum, score) => sum + score, 0) / Math.max(1, scores.length)).toFixed(1);
    },
    Object.is,
    { types: ['agent_message'], since: { last: 20 } },
  );
  return <p>Mood: {mean}</p>;
}

function Load() {
  const latest = useLatest('system_status');
  return <p>Server: {latest?.data.health_status ?? 'not heard of yet'}</p>;
}

function Publish() {
  const { publish, pending, error } = usePublish('agent_message');
  // Once for each message, and without a render.
  useEvent('agent_message', ({ data }) => {
    document.title = `${data.agent_id} spoke`;
  });
  const send = async (form: FormData) => {
    await publish({
      agent_id: 'visitor',
      agent_type: 'Ego',
      message: String(form.get('message')),
      sentiment: { score: 0.5, label: 'positive' },
      metadata: {},
    });
  };
  return (
    <form action={send}>
      <input name="message" aria-label="Message" />
      <button type="submit" disabled={pending}>
        Publish
      </button>
      {error && <p role="alert">{error.message}</p>}
    </form>
  );
}

createRoot(document.getElementById('root') ?? document.body).render(
  <StrictMode>
    <EventsProvider>
      <h1>Agent messages</h1>
      <Connection />
      <Load />
      <Mood />
      <Publish />
      <Messages />
    </EventsProvider>
  </StrictMode>,
);

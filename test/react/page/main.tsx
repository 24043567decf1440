import { StrictMode, useEffect, useState } from 'react';
import { createRoot, hydrateRoot, type Root } from 'react-dom/client';
import { renderToString } from 'react-dom/server';
import { createClient } from '../../../client/index.ts';
import {
  EventsProvider,
  useConnection,
  useEvent,
  useEventSelector,
  useEvents,
  useLatest,
  usePublish,
} from '../../../client/react/index.ts';

/** State that the tests read of the page, besides its text. */
export interface PageState {
  /** Commits of the list. */
  commits: number;
  /** Messages that `useEvent` handed over. */
  handled: string[];
  /** Each state of the connection that was shown, when it changed. */
  states: string[];
  /** Commits of those who count with `useEventSelector`, and of the one who listens with `useEvent`. */
  quietCommits: number;
  /** HTML that a server would have sent, with `?hydrate`. */
  html: string;
  /** Results that kept their identity through renders that changed nothing. */
  kept: number;
  unmount: () => void;
}

declare global {
  interface Window {
    page: PageState;
  }
}

const container = document.getElementById('root') ?? document.body;
let root: Root;
window.page = {
  commits: 0,
  handled: [],
  states: [],
  quietCommits: 0,
  html: '',
  kept: 0,
  unmount: () => root.unmount(),
};

function useCountQuietly(): void {
  useEffect(() => {
    window.page.quietCommits++;
  });
}

const NOT_SECRET = ({ data }: { data: object }) => !('message' in data && data.message === 'secret');

function List({ filtered = false }: { filtered?: boolean }) {
  const { events, status, gap, dropped, caughtUp, error, loadOlder } = useEvents({
    types: ['agent_message'],
    limit: 1500,
    ...(filtered && { filter: NOT_SECRET }),
  });
  useEffect(() => {
    window.page.commits++;
  });
  return (
    <section
      id={filtered ? 'filtered' : 'list'}
      data-status={status}
      data-dropped={dropped}
      data-caught={caughtUp}
    >
      <ol>
        {events.map(({ cursor, data }) => (
          <li key={cursor}>{data.message}</li>
        ))}
      </ol>
      <p data-id="gap">{gap?.reason ?? 'none'}</p>
      <p data-id="error">{error?.message ?? 'none'}</p>
      <button type="button" onClick={() => loadOlder(5)}>
        Older
      </button>
    </section>
  );
}

const COUNTERS = 'abcdefghijklmnopq'.split('');

/** The same input as the list has; what it selects changes rarely. */
function Count({ name }: { name: string }) {
  const many = useEventSelector(
    ({ events }) => ({ isLong: events.length > 2000, name }),
    (a, b) => a.isLong === b.isLong,
    { types: ['agent_message'], limit: 1500 },
  );
  useCountQuietly();
  return <i>{many.isLong ? 'long' : ''}</i>;
}

/** The same input again; it keeps less than the list does. */
function Few() {
  const { events, dropped } = useEvents({ types: ['agent_message'], limit: 3 });
  return (
    <output id="few" data-dropped={dropped}>
      {events.map(({ data }) => data.message).join(' ')}
    </output>
  );
}

/** Filtered by the server. */
function Negative() {
  const { events } = useEvents({
    types: ['agent_message'],
    since: { last: 10 },
    filter: { 'sentiment.score': { lt: 0 } },
  });
  return <output id="negative">{events.map(({ data }) => data.message).join(' ')}</output>;
}

function Handler() {
  useCountQuietly();
  useEvent('agent_message', ({ data }) => window.page.handled.push(data.message));
  return null;
}

function Latest() {
  const latest = useLatest('system_status');
  return <output id="latest">{latest?.data.performance_metrics.cpu_percent ?? 'none'}</output>;
}

function Connection() {
  const { status, attempt, nextRetryAt, retry } = useConnection();
  useEffect(() => {
    window.page.states.push(status);
  }, [status]);
  return (
    <header id="connection" data-status={status} data-attempt={attempt} data-waiting={nextRetryAt !== null}>
      <button type="button" onClick={retry}>
        Retry
      </button>
    </header>
  );
}

function Publish() {
  const { publish, pending, error } = usePublish('agent_message');
  const send = (score: number, metadata = {}) =>
    publish({
      agent_id: 'page',
      agent_type: 'Ego',
      message: 'from the page',
      sentiment: { score, label: 'neutral' },
      metadata,
    });
  return (
    <form id="publish" data-pending={pending}>
      <button type="button" onClick={() => send(0)}>
        Good
      </button>
      <button type="button" onClick={() => send(7)}>
        Bad
      </button>
      <button type="button" onClick={() => send(0, { at: new Date(Number.NaN) })}>
        Unsendable
      </button>
      <p>{error?.message ?? 'none'}</p>
    </form>
  );
}

/** Renders without news: what the hooks return must be the same. */
function Identity() {
  const [renders, setRenders] = useState(0);
  const result = useEvents({ types: ['network_update'], filter: () => true });
  const [first] = useState(() => ({ result, at: result.status }));
  if (result.status === 'live' && first.at !== 'live') {
    first.at = 'live';
    first.result = result;
  }
  useEffect(() => {
    if (renders > 0 && first.result === result) window.page.kept++;
  }, [renders, first, result]);
  return (
    <button type="button" id="identity" data-status={result.status} onClick={() => setRenders(renders + 1)}>
      {renders}
    </button>
  );
}

function Page() {
  const [isShown, setShown] = useState(true);
  const [isEnabled, setEnabled] = useState(false);
  const disabled = useEvents({ topic: 'disabled', enabled: isEnabled });
  return (
    <>
      <Connection />
      <Publish />
      <Identity />
      <Latest />
      <Negative />
      <button type="button" id="toggle" onClick={() => setShown(!isShown)}>
        Toggle
      </button>
      <button type="button" id="enable" data-status={disabled.status} onClick={() => setEnabled(!isEnabled)}>
        Enable
      </button>
      {isShown && <List />}
      {isShown && <List filtered />}
      {isShown && COUNTERS.map((name) => <Count key={name} name={name} />)}
      {isShown && <Few />}
      {isShown && <Handler />}
    </>
  );
}

// With `?own`, over a client of the page's own, and over WebSockets alone, which the tests count. On the page's clock alone it
// notices that a server is gone.
const client = location.search.includes('own')
  ? createClient({ transports: ['ws'], keepAlive: { intervalMs: 60_000, pongTimeoutMs: 60_000 } })
  : undefined;

/** Each render gives the provider another `URL`, and from the third on a token. */
function Exchange() {
  const [renders, setRenders] = useState(0);
  return (
    <EventsProvider url={new URL('/trpc', location.href)} token={renders > 2 ? 'later' : undefined}>
      <button type="button" id="render" onClick={() => setRenders(renders + 1)}>
        {renders}
      </button>
      <Page />
    </EventsProvider>
  );
}

const app = (
  <StrictMode>
    {location.search.includes('exchange') ? (
      <Exchange />
    ) : (
      <EventsProvider
        client={client}
        token={location.search.includes('token') ? () => 'of the page' : undefined}
      >
        <Page />
      </EventsProvider>
    )}
  </StrictMode>
);

if (location.search.includes('hydrate')) {
  window.page.html = renderToString(app);
  container.innerHTML = window.page.html;
  root = hydrateRoot(container, app, { onRecoverableError: (error) => console.error(error) });
} else {
  root = createRoot(container);
  root.render(app);
}

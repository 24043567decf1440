import { StrictMode, useEffect, useState } from 'react';
import { createRoot, hydrateRoot, type Root } from 'react-dom/client';
import { renderToString } from 'react-dom/server';
import { createPsycheEvents } from '../../../client/react/index.ts';
import { openCatalog } from '../../open/catalog.ts';

const { EventsProvider, useEvents, useOpen, useQuestions, usePresence } = createPsycheEvents(openCatalog);
type Mounted = { [K in 'list' | 'open' | 'questions' | 'watch' | 'second']: boolean };

/** State that the tests read and change. */
export interface OpenPageState {
  /** HTML that a server would have sent, with `?hydrate`. */
  html: string;
  /** Renders of the rows of a growing reply, by row: one that is replaced is mounted once. */
  mounts: number;
  show: (parts: Partial<Mounted & { name: string }>) => void;
  unmount: () => void;
}

declare global {
  interface Window {
    /** WebSockets that the test has refused. */
    refused: number;
    open_page: OpenPageState;
  }
}

const topic = 'run-42';

function Row({ text, state }: { text: string; state: string | undefined }) {
  useEffect(() => {
    window.open_page.mounts++;
  }, []);
  return <li data-state={state}>{text}</li>;
}

function List() {
  const { events, status } = useEvents({ topic, types: ['note', 'reply'] });
  return (
    <ol id="list" data-status={status}>
      {events.map(({ open, cursor, data }) => (
        <Row key={open?.id ?? cursor} text={data.text} state={open?.state} />
      ))}
    </ol>
  );
}

function Open() {
  const replies = useOpen('reply', { topic });
  return <output id="open">{replies.map(({ data }) => data.text).join('|')}</output>;
}

function Questions() {
  const { open, answer, pending, error } = useQuestions('approval', { topic });
  const settled = error && 'settled' in error ? error.settled : undefined;
  const state = settled && typeof settled === 'object' && 'state' in settled ? settled.state : error?.message;
  return (
    <form id="questions" data-pending={pending} data-error={String(state ?? 'none')}>
      {open.map(({ open: { id = '' } = {}, data }) => (
        <button type="button" key={id} onClick={() => answer(id, { allow: true })}>
          {data.tool}
        </button>
      ))}
    </form>
  );
}

function Watch({ name, id }: { name: string; id: string }) {
  const { members, count } = usePresence('viewer', { me: { name }, topic });
  return (
    <output id={id} data-count={count}>
      {members.map(({ data }) => data.name).join(' ')}
    </output>
  );
}

function Page() {
  const [parts, setParts] = useState<Mounted & { name: string }>({
    ...{ list: true, open: true, questions: true, watch: true, second: true },
    name: 'Ada',
  });
  useEffect(() => {
    window.open_page.show = (more) => setParts((before) => ({ ...before, ...more }));
  }, []);
  return (
    <>
      {parts.list && <List />}
      {parts.open && <Open />}
      {parts.questions && <Questions />}
      {parts.watch && <Watch id="watch" name={parts.name} />}
      {parts.second && <Watch id="second" name={parts.name} />}
    </>
  );
}

const container = document.getElementById('root') ?? document.body;
let root: Root;
window.open_page = { html: '', mounts: 0, show: () => {}, unmount: () => root.unmount() };

const app = (
  <StrictMode>
    <EventsProvider>
      <Page />
    </EventsProvider>
  </StrictMode>
);
if (location.search.includes('hydrate')) {
  window.open_page.html = renderToString(app);
  container.innerHTML = window.open_page.html;
  root = hydrateRoot(container, app, { onRecoverableError: (error) => console.error(error) });
} else {
  root = createRoot(container);
  root.render(app);
}

/**
 * A page on which people answer what agents ask. Questions wait in the log, not in the page or in a socket: load it again,
 * or start the server again, and they are there.
 *
 *   npx vite examples/approval        this page, and a server for it: see vite.config.ts beside it
 */

import { createPsycheEvents } from 'psyche-events/react';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { catalog } from './catalog.ts';

const { EventsProvider, useQuestions } = createPsycheEvents(catalog);

function Approvals() {
  const { open, answer, pending, error } = useQuestions('approval');
  return (
    <>
      <ul>
        {open.map(({ open: { id = '' } = {}, data }) => (
          <li key={id}>
            {data.tool} to {data.target}?
            <button type="button" disabled={pending} onClick={() => answer(id, { allow: true })}>
              Allow
            </button>
            <button type="button" disabled={pending} onClick={() => answer(id, { allow: false })}>
              Refuse
            </button>
          </li>
        ))}
      </ul>
      {error && <p role="alert">{error.message}</p>}
    </>
  );
}

createRoot(document.getElementById('root') ?? document.body).render(
  <StrictMode>
    <EventsProvider>
      <Approvals />
    </EventsProvider>
  </StrictMode>,
);

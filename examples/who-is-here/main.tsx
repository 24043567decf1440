/**
 * A page that says who looks at it. Open it twice, with ?name=Ada and ?name=Bea; then leave in one of them, or close it:
 * a visitor who leaves is told at once, and one that is gone without a word is lost when its lease is over, after 15 s.
 *
 *   npx vite examples/who-is-here        this page, and a server for it: see vite.config.ts beside it
 */

import { createPsycheEvents } from 'psyche-events/react';
import { StrictMode, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { catalog } from './catalog.ts';

const { EventsProvider, usePresence, useEvent } = createPsycheEvents(catalog);
const name = new URLSearchParams(location.search).get('name') ?? 'somebody';

const WORDS: Readonly<Record<string, string>> = { open: 'is here', left: 'has left', lost: 'was lost' };

function Visitors() {
  const [isHere, setIsHere] = useState(true);
  // With `me` this page is a member for as long as the component is mounted; without it looks on.
  const { members, count } = usePresence('visitor', { me: isHere ? { name } : undefined });
  return (
    <>
      <p>
        {count} here: {members.map(({ data }) => data.name).join(', ')}
      </p>
      <button type="button" onClick={() => setIsHere(!isHere)}>
        {isHere ? 'Leave' : 'Come back'}
      </button>
    </>
  );
}

function Diary() {
  const [lines, setLines] = useState<string[]>([]);
  useEvent('visitor', ({ data, open }) => {
    setLines((before) => [...before, `${data.name} ${WORDS[open?.state ?? 'open']}`]);
  });
  return (
    <ol>
      {lines.map((line, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: lines are only ever added
        <li key={at}>{line}</li>
      ))}
    </ol>
  );
}

createRoot(document.getElementById('root') ?? document.body).render(
  <StrictMode>
    <EventsProvider>
      <Visitors />
      <Diary />
    </EventsProvider>
  </StrictMode>,
);

import type { ReactNode } from 'react';
import { useConnection } from '../events.ts';
import { type Filters, isFiltering } from '../model/filters.ts';
import { shownStatus } from '../shell/connection-status.tsx';
import { useMoment } from '../state/moment/moment.ts';
import { useSimulation } from '../state/simulation-provider.tsx';
import { clearFilters, setUrlParams, useTopic } from '../state/url-state.ts';
import { useHasOwnEvents } from '../state/use-schema.ts';

/** Why there is nothing to see, and what can be done about it. */
export function EmptyFeed({ filters }: { filters: Filters }): ReactNode {
  const { log } = useMoment();
  const { status } = useConnection();
  const isOwn = useHasOwnEvents();
  const topic = useTopic();
  const { served, state, run } = useSimulation();

  const shown = shownStatus({ connection: status, stream: log.status, error: log.error, live: true });
  if (shown === 'refused' && log.entries.length === 0) {
    return (
      <Empty title="Nothing here is for everybody">
        <p role="alert">
          The server lets nobody see this topic without a token that allows it: sign in at the top of the
          page.
        </p>
      </Empty>
    );
  }
  if (log.error && log.entries.length === 0) {
    return (
      <Empty title="The events cannot be read">
        <p role="alert">{log.error.message}</p>
        <button type="button" className="button" onClick={() => setUrlParams({ topic: null })}>
          Go to the default topic
        </button>
      </Empty>
    );
  }
  if (log.status === 'connecting' || (log.status === 'catching-up' && log.entries.length === 0)) {
    return <Loading />;
  }
  if (isFiltering(filters) && log.entries.length > 0) {
    return (
      <Empty title="Nothing matches">
        <p>None of the events loaded here is what the filters ask for.</p>
        <button type="button" className="button" onClick={clearFilters}>
          Clear the filters
        </button>
      </Empty>
    );
  }
  if (isOwn) {
    return (
      <Empty title="No events yet">
        <p>
          Whatever is published to the topic <b>{topic ?? 'default'}</b> appears here at once.
        </p>
      </Empty>
    );
  }
  return (
    <Empty title="Nobody has spoken yet">
      {served && state?.status === 'paused' ? (
        <>
          <p>The simulation is paused.</p>
          <button type="button" className="button primary" onClick={() => void run({ name: 'start' })}>
            {state.tick > 0 ? 'Resume the simulation' : 'Start the simulation'}
          </button>
        </>
      ) : (
        <p>
          Whatever is published to the topic <b>{topic ?? 'default'}</b> appears here at once. The form under
          Controls can say the first word.
        </p>
      )}
    </Empty>
  );
}

function Empty({ title, children }: { title: string; children: ReactNode }): ReactNode {
  return (
    <div className="empty">
      <svg className="empty-sign" viewBox="0 0 64 64" aria-hidden="true">
        <path d="M32 9 55 26 46 54H18L9 26Z" />
        <circle cx="32" cy="9" r="4" />
        <circle cx="55" cy="26" r="4" />
        <circle cx="46" cy="54" r="4" />
        <circle cx="18" cy="54" r="4" />
        <circle cx="9" cy="26" r="4" />
      </svg>
      <h3>{title}</h3>
      {children}
    </div>
  );
}

/** Placeholder for messages that will come. */
function Loading(): ReactNode {
  return (
    <div className="loading" role="status">
      <span className="hidden">Loading the conversation</span>
      {[0.9, 0.6, 0.75, 0.5, 0.8].map((width) => (
        <div key={width} className="loading-row" aria-hidden="true">
          <span className="loading-sign" />
          <span className="loading-name" />
          <span className="loading-words" style={{ width: `${width * 100}%` }} />
        </div>
      ))}
    </div>
  );
}

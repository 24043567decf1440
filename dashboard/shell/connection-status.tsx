import type { ReactNode } from 'react';
import { useConnection } from '../events.ts';
import { useNow } from '../state/use-now.ts';

const WORDS = {
  connecting: 'Connecting',
  live: 'Live',
  reconnecting: 'Reconnecting',
  offline: 'Offline',
  closed: 'Closed',
} as const;

/** Whether there is a connection, and if not, what is done about it. */
export function ConnectionStatus(): ReactNode {
  const { status, attempt, nextRetryAt, error, retry } = useConnection();
  const isLost = status === 'reconnecting' || status === 'offline';
  const now = useNow(250, isLost && nextRetryAt !== null);
  return (
    <div className="connection" data-status={status}>
      <span className="connection-dot" aria-hidden="true" />
      <strong className="connection-word">{WORDS[status]}</strong>
      {isLost && (
        <>
          <span className="connection-about">
            {status === 'offline' && 'no network · '}
            attempt {attempt}
            {nextRetryAt === null ? ', now' : `, in ${Math.max(0, Math.ceil((nextRetryAt - now) / 1000))} s`}
          </span>
          <button type="button" className="button small" onClick={retry}>
            Retry now
          </button>
        </>
      )}
      {status === 'closed' && (
        <>
          <span className="connection-about">{error?.message}</span>
          <button type="button" className="button small" onClick={() => location.reload()}>
            Reload
          </button>
        </>
      )}
    </div>
  );
}

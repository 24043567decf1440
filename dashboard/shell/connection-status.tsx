import type { ReactNode } from 'react';
import { useConnection } from '../events.ts';
import { useMoment } from '../state/moment.ts';
import { hasToken } from '../state/token-cookie.ts';
import { useNow } from '../state/use-now.ts';
import { shownStatus, WORDS } from './connection-words.ts';
import { SignIn } from './sign-in.tsx';

/** The connection, and what is done about it where there is none. In a replay nothing is called live. */
export function ConnectionStatus(): ReactNode {
  const { status, attempt, nextRetryAt, retry } = useConnection();
  const { log, live } = useMoment();
  const shown = shownStatus({ connection: status, stream: log.status, error: log.error, live });
  const isLost = status === 'reconnecting' || status === 'offline';
  const now = useNow(250, isLost && nextRetryAt !== null);
  return (
    <div className="connection" data-status={shown}>
      <span className="connection-dot" aria-hidden="true" />
      <strong className="connection-word">{WORDS[shown]}</strong>
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
      <SignIn isAsked={shown === 'refused' || (isLost && hasToken())} />
      {status === 'closed' && (
        <button type="button" className="button small" onClick={() => location.reload()}>
          Reload
        </button>
      )}
    </div>
  );
}

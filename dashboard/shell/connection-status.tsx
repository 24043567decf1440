import type { ReactNode } from 'react';
import type { ConnectionState, StreamStatus } from '../../client/react/index.ts';
import type { CloseCode } from '../../shared/index.ts';
import { useConnection } from '../events.ts';
import { codeOf } from '../state/asking.ts';
import { useMoment } from '../state/moment/moment.ts';
import { hasToken } from '../state/token-cookie.ts';
import { useNow } from '../state/use-now.ts';
import { SignIn } from './sign-in.tsx';

/** The connection, and what is done about it where there is none. In a replay nothing is called live. */
export function ConnectionIndicator(): ReactNode {
  const { status, attempt, nextRetryAt, error, retry } = useConnection();
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
            {hasExpired(error) && 'the token expired · '}
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

/**
 * The connection as the viewer meets it: nothing is live in a replay, where the server answers and gives no events, or
 * while what was missed is still coming.
 */
type ShownStatus = Exclude<ConnectionState['status'], 'closed'> | 'catching-up' | 'connected' | 'refused';

const WORDS: Readonly<Record<ShownStatus, string>> = {
  connecting: 'Connecting',
  'catching-up': 'Catching up',
  live: 'Live',
  connected: 'Connected',
  reconnecting: 'Reconnecting',
  offline: 'Offline',
  refused: 'Not let in',
};

interface Shown {
  readonly connection: ConnectionState['status'];
  readonly stream: StreamStatus;
  /** Why the stream ended. */
  readonly error: Error | null;
  /** True if the page shows the newest events. */
  readonly live: boolean;
}

export function shownStatus({ connection, stream, error, live }: Shown): ShownStatus {
  // The page never leaves by itself: a server that closes for good is one that does not let it in.
  if (connection === 'closed') return 'refused';
  if (connection !== 'live') return connection;
  if (stream === 'refused') return isNotLetIn(error) ? 'refused' : 'connected';
  if (!live) return 'connected';
  return stream === 'live' ? 'live' : 'catching-up';
}

/** The close code of a connection whose token expired; the page goes on trying, as another tab may sign in anew. */
const TOKEN_EXPIRED = 4401 satisfies typeof CloseCode.TOKEN_EXPIRED;

/** Tells if a connection was lost, or not given, since the token expired: the code that its socket was closed with is the last cause. */
function hasExpired(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  if ('code' in error && error.code === TOKEN_EXPIRED) return true;
  return 'cause' in error && hasExpired(error.cause);
}

/** Errors that a token, or a better one, mends. */
function isNotLetIn(error: Error | null): boolean {
  const code = codeOf(error);
  return code === 'UNAUTHENTICATED' || code === 'TOKEN_EXPIRED' || code === 'FORBIDDEN';
}

import type { ConnectionStatus, StreamStatus } from '../../client/react/index.ts';

/** The connection as the viewer meets it: nothing is live in a replay, or where the server answers and gives no events. */
export type ShownStatus = ConnectionStatus | 'connected' | 'refused';

export const WORDS: Readonly<Record<ShownStatus, string>> = {
  connecting: 'Connecting',
  live: 'Live',
  connected: 'Connected',
  reconnecting: 'Reconnecting',
  offline: 'Offline',
  closed: 'Closed',
  refused: 'Not let in',
};

interface Shown {
  readonly connection: ConnectionStatus;
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
  return live ? 'live' : 'connected';
}

/** Errors that a token, or a better one, mends. */
export function isNotLetIn(error: Error | null): boolean {
  const code = error && 'code' in error ? error.code : null;
  return code === 'UNAUTHENTICATED' || code === 'TOKEN_EXPIRED' || code === 'FORBIDDEN';
}

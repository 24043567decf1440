import type { ConnectionStatus, StreamStatus } from '../../client/react/index.ts';

/** The connection as the viewer meets it: a server that answers and gives no events is none that is live. */
export type ShownStatus = ConnectionStatus | 'refused';

export const WORDS: Readonly<Record<ShownStatus, string>> = {
  connecting: 'Connecting',
  live: 'Live',
  reconnecting: 'Reconnecting',
  offline: 'Offline',
  closed: 'Closed',
  refused: 'Not let in',
};

/** @param error why the connection ended, or the stream of events */
export function shownStatus(
  connection: ConnectionStatus,
  stream: StreamStatus,
  error: Error | null,
): ShownStatus {
  if (connection === 'live' && stream === 'refused') return 'refused';
  return connection === 'closed' && isNotLetIn(error) ? 'refused' : connection;
}

/** Errors that a token, or a better one, mends. */
export function isNotLetIn(error: Error | null): boolean {
  const code = error && 'code' in error ? error.code : null;
  return code === 'UNAUTHENTICATED' || code === 'TOKEN_EXPIRED' || code === 'FORBIDDEN';
}

/**
 * - `connecting`: the first attempt
 * - `live`: connected, and let in by the server
 * - `reconnecting`: not connected; it waits for the next attempt, or makes one
 * - `offline`: the same, and the browser says that there is no network
 * - `closed`: for good, by `close()` or, with an `error`, because the server forbids to come back
 */
export type ConnectionStatus = 'connecting' | 'live' | 'reconnecting' | 'offline' | 'closed';

/** The state of a connection; a new object with each change. */
export interface ConnectionState {
  readonly status: ConnectionStatus;
  /** Attempts since the connection was lost, the next one included; 0 while live. */
  readonly attempt: number;
  /** When the next attempt begins, Unix ms; null when none is waiting. */
  readonly nextRetryAt: number | null;
  /** When the last event arrived, Unix ms, or null; kept up to date to the second. */
  readonly lastEventAt: number | null;
  /** Why there is no connection, or null. */
  readonly error: Error | null;
}

/** A client's connection, as it is shown. */
export interface Connection {
  readonly state: ConnectionState;
  /** Calls `listener` after each change, until the returned function is called. */
  subscribe(listener: (state: ConnectionState) => void): () => void;
  /** Ends the wait before the next attempt. */
  retry(): void;
}

export const INITIAL_CONNECTION: ConnectionState = Object.freeze({
  status: 'connecting',
  attempt: 0,
  nextRetryAt: null,
  lastEventAt: null,
  error: null,
});

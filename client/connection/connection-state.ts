import { ERRORS, EventsError } from '../../shared/errors.ts';
import type { Transport } from './transports/transports.ts';

/**
 * - `connecting`: the first attempt
 * - `live`: connected, and let in by the server. A new subscription may begin later: its `ready` tells when it has
 * - `reconnecting`: not connected; it waits for the next attempt, or makes one
 * - `offline`: not connected, and the browser says that there is no network
 * - `closed`: for good, by `close()` or, with an `error`, because the server forbids to come back
 */
export type ConnectionStatus = 'connecting' | 'live' | 'reconnecting' | 'offline' | 'closed';

/** The state of a connection; a new object with each change. */
export interface ConnectionState {
  readonly status: ConnectionStatus;
  /** The transport that carries it: `sse` where no WebSocket gets through; null while it is not live. */
  readonly transport: Transport | null;
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
  /** The transport that carries it, as `state` has it: `sse` where no WebSocket gets through; null while it is not live. */
  readonly transport: Transport | null;
  /** Calls `listener` after each change, until the returned function is called. */
  subscribe(listener: (state: ConnectionState) => void): () => void;
  /** Ends the wait before the next attempt. */
  retry(): void;
}

export const INITIAL_CONNECTION: ConnectionState = Object.freeze({
  status: 'connecting',
  transport: null,
  attempt: 0,
  nextRetryAt: null,
  lastEventAt: null,
  error: null,
});

/**
 * The error of calls that must not wait for a connection, since the address is wrong or another program answers there.
 * Null where waiting can help. The connection itself goes on trying: a server may be put there later.
 */
export function refusalOf({ status, error }: ConnectionState): EventsError | null {
  if (status === 'live' || status === 'closed') return null;
  return error instanceof EventsError && !ERRORS[error.code].retry ? error : null;
}

/** An event in the life of a connection. */
export type ConnectionEvent =
  /** The server has let us in: it answered on a connection that is open. */
  | { type: 'admitted'; transport: Transport }
  /** There is no connection any more, or an attempt failed. */
  | { type: 'lost'; error: Error; attempt: number; nextRetryAt: number | null; online: boolean }
  /** The next attempt begins at a time, Unix ms. */
  | { type: 'waiting'; attempt: number; nextRetryAt: number }
  /** It begins now. */
  | { type: 'trying' }
  /** The browser says whether there is a network. */
  | { type: 'network'; online: boolean }
  /** An event arrived, Unix ms. */
  | { type: 'received'; at: number }
  /** The end: no event leads out of this state. */
  | { type: 'closed'; error: Error | null };

type EventType = ConnectionEvent['type'];
type Step<T extends EventType> = (
  state: ConnectionState,
  event: Extract<ConnectionEvent, { type: T }>,
) => ConnectionState;

const stay = (state: ConnectionState): ConnectionState => state;

const admitted: Step<'admitted'> = (state, { transport }) => ({
  ...state,
  status: 'live',
  transport,
  attempt: 0,
  nextRetryAt: null,
  error: null,
});
const lost: Step<'lost'> = (state, { error, nextRetryAt, online }) => ({
  ...state,
  status: without(online),
  transport: null,
  error,
  nextRetryAt,
});
const waiting: Step<'waiting'> = (state, { attempt, nextRetryAt }) => ({ ...state, attempt, nextRetryAt });
const trying: Step<'trying'> = (state) =>
  state.nextRetryAt === null ? state : { ...state, nextRetryAt: null };
const network: Step<'network'> = (state, { online }) =>
  state.status === without(online) ? state : { ...state, status: without(online) };
const received: Step<'received'> = (state, { at }) => ({ ...state, lastEventAt: at });
const closed: Step<'closed'> = (state, { error }) => ({
  ...state,
  status: 'closed',
  transport: null,
  attempt: 0,
  nextRetryAt: null,
  error,
});

/** Steps of a lost connection, alike with and without a network. */
const away = { admitted, lost, waiting, trying, network, received, closed };

/** Every state and everything that can happen in it: with a cell missing it does not compile [D12]. */
const TRANSITIONS: Record<ConnectionStatus, { [T in EventType]: Step<T> }> = {
  connecting: { admitted, lost, waiting, trying, network: stay, received, closed },
  live: {
    admitted: (state, event) => (state.transport === event.transport ? state : admitted(state, event)),
    lost: (state, event) => ({ ...lost(state, event), attempt: event.attempt }),
    // It moves to another connection, and keeps this one until that is open: there is nothing to be seen.
    waiting: stay,
    trying: stay,
    network: stay, // browsers err; a connection that is dead will be found out
    received,
    closed,
  },
  reconnecting: away,
  offline: away,
  closed: {
    admitted: stay,
    lost: stay,
    waiting: stay,
    trying: stay,
    network: stay,
    received: stay,
    closed: stay,
  },
};

/** The state after something happened; the same object if nothing changed. Pure. */
export function nextConnection(state: ConnectionState, event: ConnectionEvent): ConnectionState {
  // The cell's type is that of its column; TypeScript does not follow that through the lookup.
  const step = TRANSITIONS[state.status][event.type] as Step<EventType>;
  return step(state, event);
}

function without(online: boolean): ConnectionStatus {
  return online ? 'reconnecting' : 'offline';
}

/** Tells if the platform has a network, as far as it says. */
export function isOnline(): boolean {
  return globalThis.navigator?.onLine !== false;
}

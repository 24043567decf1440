import type { ConnectionState, ConnectionStatus } from '../failures/connection-state.ts';

/** An event in the life of a connection. */
export type ConnectionEvent =
  /** The server has let us in: it answered on a connection that is open. */
  | { type: 'admitted' }
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
  /** Nobody comes back from here. */
  | { type: 'closed'; error: Error | null };

type EventType = ConnectionEvent['type'];
type Step<T extends EventType> = (
  state: ConnectionState,
  event: Extract<ConnectionEvent, { type: T }>,
) => ConnectionState;

const stay = (state: ConnectionState): ConnectionState => state;

const admitted: Step<'admitted'> = (state) => ({
  ...state,
  status: 'live',
  attempt: 0,
  nextRetryAt: null,
  error: null,
});
const lost: Step<'lost'> = (state, { error, nextRetryAt, online }) => ({
  ...state,
  status: without(online),
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
    admitted: stay,
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

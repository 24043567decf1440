import { expect, test } from 'vitest';
import {
  type ConnectionEvent,
  type ConnectionState,
  type ConnectionStatus,
  INITIAL_CONNECTION,
  nextConnection,
} from '../../client/connection/connection-state.ts';

const error = new Error('lost');
const EVENTS = {
  admitted: { type: 'admitted', transport: 'ws' },
  'lost, online': { type: 'lost', error, attempt: 3, nextRetryAt: 500, online: true },
  'lost, offline': { type: 'lost', error, attempt: 3, nextRetryAt: null, online: false },
  waiting: { type: 'waiting', attempt: 4, nextRetryAt: 900 },
  trying: { type: 'trying' },
  'no network': { type: 'network', online: false },
  'a network': { type: 'network', online: true },
  received: { type: 'received', at: 700 },
  closed: { type: 'closed', error },
} satisfies Record<string, ConnectionEvent>;

const state = (status: ConnectionStatus): ConnectionState => ({ ...INITIAL_CONNECTION, status });

test.each<[keyof typeof EVENTS, Record<ConnectionStatus, ConnectionStatus>]>([
  ['admitted', { connecting: 'live', live: 'live', reconnecting: 'live', offline: 'live', closed: 'closed' }],
  [
    'lost, online',
    {
      connecting: 'reconnecting',
      live: 'reconnecting',
      reconnecting: 'reconnecting',
      offline: 'reconnecting',
      closed: 'closed',
    },
  ],
  [
    'lost, offline',
    {
      connecting: 'offline',
      live: 'offline',
      reconnecting: 'offline',
      offline: 'offline',
      closed: 'closed',
    },
  ],
  [
    'no network',
    {
      connecting: 'connecting',
      live: 'live',
      reconnecting: 'offline',
      offline: 'offline',
      closed: 'closed',
    },
  ],
  [
    'a network',
    {
      connecting: 'connecting',
      live: 'live',
      reconnecting: 'reconnecting',
      offline: 'reconnecting',
      closed: 'closed',
    },
  ],
  [
    'closed',
    { connecting: 'closed', live: 'closed', reconnecting: 'closed', offline: 'closed', closed: 'closed' },
  ],
])('[D12] the next status is right from each status after: %s', (name, after) => {
  for (const [before, expected] of Object.entries(after)) {
    expect([before, nextConnection(state(before as ConnectionStatus), EVENTS[name]).status]).toEqual([
      before,
      expected,
    ]);
  }
});

test('[D12] waits and received events do not change the status, and nothing changes a closed connection', () => {
  for (const status of ['connecting', 'live', 'reconnecting', 'offline', 'closed'] as const) {
    for (const name of ['waiting', 'trying', 'received'] as const) {
      expect(nextConnection(state(status), EVENTS[name]).status).toBe(status);
    }
  }
  const closed = nextConnection(state('live'), EVENTS.closed);
  for (const event of Object.values(EVENTS)) expect(nextConnection(closed, event)).toBe(closed);
});

test('[D12] attempts count from the loss, and a connection replaced while it is live shows none', () => {
  const live = nextConnection(INITIAL_CONNECTION, EVENTS.admitted);
  expect(nextConnection(live, EVENTS.waiting)).toBe(live);
  expect(nextConnection(live, EVENTS.admitted)).toBe(live);
  const lost = nextConnection(live, EVENTS['lost, online']);
  expect(lost).toMatchObject({ attempt: 3, nextRetryAt: 500, error });
  const waiting = nextConnection(lost, EVENTS.waiting);
  expect(waiting).toMatchObject({ attempt: 4, nextRetryAt: 900, error });
  const trying = nextConnection(waiting, EVENTS.trying);
  expect(trying).toMatchObject({ attempt: 4, nextRetryAt: null, error });
  expect(nextConnection(trying, EVENTS.trying)).toBe(trying);
  expect(nextConnection(trying, EVENTS['lost, online'])).toMatchObject({ attempt: 4, nextRetryAt: 500 });
  expect(nextConnection(trying, EVENTS.admitted)).toMatchObject({
    status: 'live',
    attempt: 0,
    nextRetryAt: null,
    error: null,
  });
});

import { vi } from 'vitest';
import type { ConnectionState, EventHandler, EventsClient, OnAnyOptions } from '../../client/index.ts';
import type { PsycheCatalog } from '../../shared/index.ts';
import { agentMessage } from '../support/events.ts';

type Name = 'agent_message' | 'network_update' | 'system_status';

/** A client that records its use by a store, and is moved by the test. */
export function fakeClient() {
  const subscriptions: {
    input: object;
    emit: (text: string, seq: number, more?: object) => void;
    options: OnAnyOptions<Name, PsycheCatalog>;
    stopped: boolean;
  }[] = [];
  let watch: (state: ConnectionState) => void = () => {};
  let state: ConnectionState = {
    status: 'connecting',
    transport: null,
    attempt: 0,
    nextRetryAt: null,
    lastEventAt: null,
    error: null,
  };
  const retry = vi.fn();
  const history = vi.fn<EventsClient['history']>();
  const close = vi.fn(async () => {});
  const client = {
    history,
    close,
    connection: {
      get state() {
        return state;
      },
      retry,
      subscribe(listener: (state: ConnectionState) => void) {
        watch = listener;
        return () => {};
      },
    },
    on(_type: 'any', handler: EventHandler<Name, PsycheCatalog>, options: OnAnyOptions<Name, PsycheCatalog>) {
      const { topic, since, types } = options;
      const subscription = {
        input: { topic, since, types },
        options,
        stopped: false,
        emit: (text: string, seq: number, more: object = {}) =>
          handler(
            {
              event_type: 'agent_message',
              timestamp: '2026-01-01T00:00:00Z',
              data: { ...agentMessage(text), ...more },
            },
            { cursor: `e:${seq}`, topic: topic ?? 'default' },
          ),
      };
      subscriptions.push(subscription);
      return { cursor: null, unsubscribe: () => (subscription.stopped = true) };
    },
  };
  const connect = vi.fn(() => client as unknown as EventsClient);
  return {
    connect,
    subscriptions,
    history,
    close,
    retry,
    setConnection(status: ConnectionState['status']) {
      state = { ...state, status };
      watch(state);
    },
  };
}

/** Texts of a snapshot's messages. */
export const texts = (snapshot: { events: readonly { data: object }[] }) =>
  snapshot.events.map(({ data }) => 'message' in data && data.message).join(' ');

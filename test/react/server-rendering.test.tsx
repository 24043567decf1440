import { renderToString } from 'react-dom/server';
import { afterEach, expect, test, vi } from 'vitest';
import {
  createPsycheEvents,
  EventsProvider,
  useConnection,
  useEvent,
  useEventSelector,
  useEvents,
  useLatest,
  usePublish,
} from '../../client/react/index.ts';
import { startTestServer } from '../client/test-server.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

function Everything() {
  const { status } = useConnection();
  const events = useEvents({ since: { last: 5 } });
  const latest = useLatest('agent_message');
  const { pending } = usePublish('agent_message');
  const count = useEventSelector((snapshot) => snapshot.events.length);
  useEvent('agent_message', () => {});
  return <p>{[status, events.status, events.events.length, latest === null, pending, count].join(' ')}</p>;
}

test('every hook returns its initial value on a server, and opens nothing', async () => {
  await using server = await startTestServer();
  const html = renderToString(
    <EventsProvider url={server.wsUrl}>
      <Everything />
    </EventsProvider>,
  );
  expect(html).toBe('<p>connecting connecting 0 true false 0</p>');
  expect(server.connections).toBe(0);
  expect(() => renderToString(<EventsProvider />)).not.toThrow(); // where there is no page to take the address from
});

test('a hook without a provider, or with that of another factory, throws an error that says what is missing', () => {
  const other = createPsycheEvents();
  vi.spyOn(console, 'error').mockReturnValue();
  expect(() => renderToString(<Everything />)).toThrow(/<EventsProvider>/);
  const Foreign = () => <Everything />;
  expect(() =>
    renderToString(
      <other.EventsProvider>
        <Foreign />
      </other.EventsProvider>,
    ),
  ).toThrow(TypeError);
});

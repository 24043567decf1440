/** A client that knows the server by its type alone. */
import type { AppRouter, OwnRouter } from '@monorepo/api';
import { createClient, createPublisher } from 'psyche-events/client';

export const client = createClient<AppRouter, 'events'>({ url: 'https://a.example', path: 'events' });
export const nested = createClient<AppRouter, 'nested.events'>({
  url: 'https://a.example',
  path: 'nested.events',
});
export const own = createClient<OwnRouter>({ url: 'https://a.example' });
export const publisher = createPublisher<AppRouter, 'events'>({ url: 'https://a.example', path: 'events' });

export const started = client.on('event_3', ({ data }) => data.field_3.getTime(), {
  filter: { field_0: { prefix: 'a' }, 'field_11.x': { gt: 0 } },
});
export const page = () => nested.history({ types: ['event_1', 'event_2'], limit: 10 });

// @ts-expect-error a path that the router has not
createClient<AppRouter, 'event'>({ url: 'https://a.example', path: 'event' });
// @ts-expect-error an event that the catalog has not
client.on('event_30', () => {});

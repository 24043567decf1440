/** Hooks that are typed by the same router. */
import type { AppRouter } from '@monorepo/api';
import { createPsycheEvents } from 'psyche-events/react';

export const { EventsProvider, useEvents, useLatest } = createPsycheEvents<AppRouter, 'events'>();

export function Last() {
  const event = useLatest('event_2');
  return <p>{event?.data.field_2.toString()}</p>;
}

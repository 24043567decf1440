import { createClient } from 'psyche-events/client';
import { createEventStore } from 'psyche-events/store';

/** One for the page. It connects when a component first follows something, so a server may import this too. */
export const store = createEventStore(() => createClient());

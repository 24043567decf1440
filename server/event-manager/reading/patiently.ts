import { setTimeout as delay } from 'node:timers/promises';
import { EventsError } from '../../../shared/errors.ts';

const RETRY_MS = 250;

/** Asks a broker, again while it cannot be reached: an outage delays a stream, it does not end it. */
export async function patiently<T>(ask: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof EventsError && error.code === 'UNAVAILABLE')) throw error;
      await delay(RETRY_MS * (0.5 + Math.random()), undefined, { signal });
    }
  }
}

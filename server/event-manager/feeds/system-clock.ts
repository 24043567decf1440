import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../../../shared/timing.ts';

/** The machine's own. */
export const systemClock: Clock = {
  now: () => performance.now(),
  sleep: (ms, signal) => delay(ms, undefined, { signal }),
};

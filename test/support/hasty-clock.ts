import type { Clock } from '../../shared/index.ts';

/** A clock by which every wait is over at once: a server that has it does not wait before newer versions of events. */
export const HASTY: Clock = {
  now: () => performance.now(),
  setTimer(callback) {
    const timer = setTimeout(callback, 0);
    return () => clearTimeout(timer);
  },
};

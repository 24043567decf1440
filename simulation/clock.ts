import { type Clock, systemClock as machineClock } from '../shared/index.ts';

/** The source of time: the simulation waits for nothing else. */
export type { Clock } from '../shared/index.ts';

/** A clock that knows the time of day too, which may be set back. */
export interface WorldClock extends Clock {
  /** Unix time, ms. */
  time(): number;
}

/** The time of this machine. */
export const systemClock: WorldClock = { ...machineClock, time: () => Date.now() };

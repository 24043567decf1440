import { setImmediate } from 'node:timers/promises';

/** Lets some turns of the event loop pass. */
export async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await setImmediate();
}

/** Turns of the event loop in which work is over that has no more than a few ms in each: a slow machine does less in one. */
const ENOUGH = 50;

/** All that was going on in this process without waiting for time or a network is over. */
export function settled(): Promise<void> {
  return turns(ENOUGH);
}

import { setTimeout as sleep } from 'node:timers/promises';

/** Acts a second, unless there are more than fit into the time. */
const PER_SECOND = 200;
/** Ms between two looks at the clock. */
const STEP_MS = 20;

/**
 * Does things one after another, spread over at most `mostMs`: a few are done within moments, and many do not fall on
 * the same moment. Each at a random one of its own share of the time, so that two processes do not keep step.
 * @param over whether there is no need to go on
 */
export async function inTurns(
  acts: readonly (() => void)[],
  mostMs: number,
  over: () => boolean = () => false,
): Promise<void> {
  const windowMs = Math.min(mostMs, (1000 * acts.length) / PER_SECOND);
  const due = acts.map((act, index) => ({ act, atMs: ((index + Math.random()) / acts.length) * windowMs }));
  const since = performance.now();
  for (let done = 0; done < due.length && !over(); ) {
    const passedMs = performance.now() - since;
    for (let next = due[done]; next && next.atMs <= passedMs; next = due[++done]) next.act();
    if (done < due.length) await sleep(STEP_MS);
  }
}

/** Runs of a random check, of which the later ones are left out once its time is over. */
export interface LimitedRuns<A extends unknown[]> {
  run(...args: A): Promise<void>;
  /** Number of runs that were made. */
  readonly made: number;
}

/**
 * Limits the time of a random check, and of its search for a shorter failure: a slow machine makes fewer runs, and that is no
 * failure. The first is made whatever it takes, as a check without any would say nothing.
 */
export function withinTime<A extends unknown[]>(
  timeMs: number,
  run: (...args: A) => Promise<void>,
): LimitedRuns<A> {
  const end = performance.now() + timeMs;
  let made = 0;
  return {
    async run(...args) {
      if (made > 0 && performance.now() > end) return;
      made++;
      await run(...args);
    },
    get made() {
      return made;
    },
  };
}

import { reportUncaught } from './errors.ts';

/** Runs what an application gave us: an error of its own goes to `report`, and to nobody else. */
export function isolated(run: () => unknown, report: (error: Error) => void): void {
  const fail = (cause: unknown): void => {
    // Anything can be thrown, also what cannot be made a text of; and `report` is the application's too.
    const error =
      cause instanceof Error
        ? cause
        : new Error('A handler failed with what is no Error: see `cause`', { cause });
    try {
      report(error);
    } catch (failed) {
      reportUncaught(failed instanceof Error ? failed : error);
    }
  };
  try {
    const result = run();
    if (result instanceof Promise) result.catch(fail);
  } catch (cause) {
    fail(cause);
  }
}

/** Runs what an application gave us: an error of its own goes to `report`, and to nobody else. */
export function isolated(run: () => unknown, report: (error: Error) => void): void {
  const fail = (cause: unknown): void => report(cause instanceof Error ? cause : new Error(String(cause)));
  try {
    const result = run();
    if (result instanceof Promise) result.catch(fail);
  } catch (cause) {
    fail(cause);
  }
}

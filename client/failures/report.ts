import { EventsError } from '../../shared/errors.ts';

// Bundlers put the value in its place; in a browser without one there is no such name.
declare const process: { env: { NODE_ENV?: string } };

/** Warns the developers of an application on the console; does nothing in production. */
export function warnDeveloper(message: string): void {
  let isProduction = true;
  try {
    isProduction = process.env.NODE_ENV === 'production';
  } catch {
    // No bundler, no word.
  }
  if (!isProduction) console.warn(`psyche-events: ${message}`);
}

/**
 * Hands an error that nobody asked for to the host, without ending anything: the default `onError` of a client. On the
 * console an error of ours is one line, since its message says what to do and its stack leads into the client.
 */
export function reportUncaught(error: Error): void {
  if (typeof globalThis.reportError === 'function') globalThis.reportError(error);
  else if (error instanceof EventsError) console.error(`psyche-events: ${error.code}: ${error.message}`);
  else console.error(error);
}

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

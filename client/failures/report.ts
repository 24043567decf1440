import { EventsError } from '../../shared/errors.ts';

// Bundlers put the value in its place; in a browser without one there is no such name.
declare const process: { env: { NODE_ENV?: string } };

/** Warns the developers of an application on the console; does nothing in production. */
export function warnDeveloper(message: string): void {
  let isProduction = true;
  try {
    isProduction = process.env.NODE_ENV === 'production';
  } catch {
    // Without a bundler nothing is known of the environment, and nothing is said.
  }
  if (!isProduction) console.warn(`psyche-events: ${message}`);
}

/** Makes a {@link warnDeveloper} that says each thing once: what has the same `key`, by default the same words. */
export function developerWarnings(): (message: string, key?: string) => void {
  const said = new Set<string>();
  return (message, key = message) => {
    if (said.has(key)) return;
    said.add(key);
    warnDeveloper(message);
  };
}

/**
 * Reports an error that no handler took to the host, and ends nothing: the default `onError` of a client. On the console
 * an error of ours is one line, since its message says what to do and its stack only leads into the client.
 */
export function reportUncaught(error: Error): void {
  if (typeof globalThis.reportError === 'function') globalThis.reportError(error);
  else if (error instanceof EventsError) console.error(`psyche-events: ${error.code}: ${error.message}`);
  else console.error(error);
}

/** An application's `onError`, as one that never throws: what it throws or rejects with itself goes to the host. */
export function safeReport(onError: (error: Error) => unknown = reportUncaught): (error: Error) => void {
  return (error) => isolated(() => onError(error), reportUncaught);
}

/**
 * Runs a function of the application. An error that it throws or rejects with goes to `report`, and nowhere else.
 * @param report throws nothing, see {@link safeReport}
 */
export function isolated(run: () => unknown, report: (error: Error) => void): void {
  // Anything can be thrown, even a value that has no text.
  const fail = (cause: unknown): void =>
    report(
      cause instanceof Error
        ? cause
        : new Error('A handler threw a value that is no Error: see `cause`', { cause }),
    );
  try {
    const result = run();
    if (result instanceof Promise) result.catch(fail);
  } catch (cause) {
    fail(cause);
  }
}

/** Calls, isolated, each that listens. One that another of them stops is not called any more: it was promised so. */
export function tellAll<T>(
  listening: ReadonlySet<T>,
  call: (listener: T) => unknown,
  report: (error: Error) => void,
): void {
  for (const listener of [...listening]) if (listening.has(listener)) isolated(() => call(listener), report);
}

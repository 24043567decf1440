import { EventsError } from '../shared/errors.ts';

/** Checks an event of a batch: puts its index before the paths of its issues, as the server does. */
export function inEvent<T>(index: number, check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof EventsError)) throw error;
    const issues = error.issues.map(({ path, message }) => ({ path: ['events', index, ...path], message }));
    throw new EventsError(error.code, `events.${index}: ${error.message} Nothing of the batch was sent.`, {
      issues,
    });
  }
}

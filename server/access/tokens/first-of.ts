import { EventsError } from '../../../shared/errors.ts';
import { type Authenticate, unauthenticated } from './authenticate.ts';

/** Takes what one of several takes; they are asked in order, and the last one's refusal is told. */
export function firstOf(authenticates: readonly Authenticate[]): Authenticate {
  return async (credentials) => {
    let refusal = unauthenticated('Nobody is let in.');
    for (const authenticate of authenticates) {
      try {
        return await authenticate(credentials);
      } catch (error) {
        if (!(error instanceof EventsError)) throw error;
        refusal = error;
      }
    }
    throw refusal;
  };
}

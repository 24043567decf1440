import { ResponderError } from '../responder.ts';
import type { Sdk } from './load-sdk.ts';

/** The model's address as viewers may see it: no path, no user, no password. */
export interface ModelPlace {
  readonly model: string;
  readonly origin: string;
}

/** Describes an error of the SDK in words for viewers; the endpoint's own words stay in `cause`, for the log. */
export function asResponderError(
  error: unknown,
  { model, origin }: ModelPlace,
  ai: Sdk['ai'],
): ResponderError {
  if (error instanceof ResponderError) return error;
  if (!ai.APICallError.isInstance(error)) {
    return new ResponderError('failed', `The answer of ${model} at ${origin} broke off.`, { cause: error });
  }
  const { statusCode: status } = error;
  if (status === undefined) {
    return new ResponderError('unreachable', `The model at ${origin} cannot be reached.`, { cause: error });
  }
  if (status >= 400 && status < 500) {
    return new ResponderError('refused', `The model at ${origin} refused the request (${status}).`, {
      cause: error,
    });
  }
  return new ResponderError('failed', `The model at ${origin} failed (${status}).`, { cause: error });
}

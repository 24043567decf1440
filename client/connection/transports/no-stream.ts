import { EventsError } from '../../../shared/errors.ts';
import { addressOf, statusError } from '../../failures/http-status.ts';

/** Statuses of a server that does not know what to do with a stream's request. */
const NOT_TAKEN = [404, 405, 415];

/** The error of an answer that is no event stream, from where tRPC answers calls. @param asked the address that was asked */
export function noStreamError(response: Response, asked: string): EventsError {
  if (!NOT_TAKEN.includes(response.status)) return statusError(response, asked);
  return new EventsError(
    'INVALID_OPTION',
    `tRPC answers at ${addressOf(asked)}, but no event streams are served there: hand the server's requests to broadcaster.serveStream first`,
  );
}

/** The error where nothing of a stream arrives, and no other fault is to be seen. */
export function heldBackError(address: string): EventsError {
  return new EventsError(
    'UNAVAILABLE',
    `The event stream at ${address} does not arrive, though calls are answered: a proxy holds answers back. Let it pass on text/event-stream as it comes (nginx: proxy_buffering off)`,
  );
}

import { EventsError } from '../../shared/errors.ts';
import { describeLoss, isWrongAddress } from '../failures/connection-loss.ts';
import { addressOf, answerError, isTrpcAnswer, statusError, wordsOf } from '../failures/http-status.ts';

const PROBE_MS = 3000;

/** Statuses with which a server of ours refuses whoever asks, whatever is asked: its words say why. */
const REFUSALS = [403, 429, 503];

/**
 * Asks by HTTP what answers at an address where no WebSocket could be opened, since platforms hide it: a status, a name
 * that DNS does not know, a certificate. Resolves with an error that says so, of a code that tells whether waiting can
 * help; with null where tRPC takes calls. Browsers show a page no answer of another origin that does not let it in, and hide
 * whether there is one.
 *
 * @param url of an endpoint for HTTP
 */
export async function probe(url: string, signal: AbortSignal): Promise<EventsError | null> {
  const page = globalThis.location?.origin;
  const procedure = new URL(url);
  procedure.pathname = `${procedure.pathname.replace(/\/$/, '')}/stats`; // whether it is there or not, tRPC says so
  try {
    const response = await fetch(procedure, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(PROBE_MS)]),
    });
    const answer: unknown = await response
      .clone()
      .json()
      .catch(() => null);
    if (isTrpcAnswer(answer)) return refusalIn(answer, response.status, url);
    return statusError(response, url);
  } catch (cause) {
    if (page && page !== procedure.origin && cause instanceof TypeError)
      return new EventsError(
        'UNAVAILABLE',
        `${addressOf(url)} is not there, or does not let in pages of ${page}: add that origin to its ALLOWED_ORIGINS`,
      );
    return new EventsError(
      isWrongAddress(cause) ? 'INVALID_OPTION' : 'UNAVAILABLE',
      describeLoss(cause, addressOf(url)),
    );
  }
}

/** A refusal of the server itself, such as of its name; not of a procedure, which another client may call. */
function refusalIn(answer: object, status: number, url: string): EventsError | null {
  return REFUSALS.includes(status) ? answerError(status, wordsOf(answer), url) : null;
}

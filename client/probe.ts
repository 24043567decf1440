import { isTrpcAnswer } from './answer.ts';
import { describeLoss } from './connection-loss.ts';
import { HttpStatusError } from './http-status.ts';

const PROBE_MS = 3000;

/**
 * Asks by HTTP what answers at an address where no WebSocket could be opened, since platforms hide it: a status, a name
 * that DNS does not know, a certificate. Resolves with words for it, or with null where tRPC answers, or nobody may be
 * asked: browsers show no other origin's answers to a page.
 *
 * @param url of an endpoint for HTTP
 */
export async function probe(url: string, signal: AbortSignal): Promise<string | null> {
  const page = globalThis.location?.origin;
  if (page && page !== new URL(url).origin) return null;
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
    return isTrpcAnswer(answer) ? null : new HttpStatusError(response, url).message;
  } catch (error) {
    return describeLoss(error);
  }
}

import { httpLink } from '@trpc/client/links/httpLink';
import { askHeaders, type RequestHeaders, type Token } from '../connection/credentials.ts';
import { checkAnswer, wireTransformer } from '../connection/encoding.ts';
import { mountedAt, Requests, type Router } from '../connection/requests.ts';
import { isUnsent } from '../failures/connection-loss.ts';
import { isTrpcAnswer, statusError } from '../failures/http-status.ts';
import { withRetry } from '../failures/retry.ts';
import type { Mutate } from '../publishing.ts';

export interface HttpOptions {
  url: string;
  path?: string | undefined;
  token?: Token | undefined;
  headers?: RequestHeaders | undefined;
}

/** Mutations over HTTP, tried again while the server cannot be reached or cannot take them. */
export function httpMutate({ url, path, token, headers }: HttpOptions): Mutate {
  const link = httpLink<Router>({
    url,
    transformer: wireTransformer,
    fetch: fetchAnswer,
    headers: () => askHeaders(headers, token),
  });
  const requests = new Requests(link, mountedAt(path));
  // The router's types say what comes out of a path; the caller names them.
  return <T>(path: string, input: unknown, retry: Parameters<Mutate>[2]) =>
    withRetry(
      async (signal) => checkAnswer((await requests.call('mutation', path, input, signal)) as T),
      retry,
      { maySend: (cause) => !isUnsent(cause) },
    );
}

/**
 * Takes tRPC's own answers. Any other, such as a proxy's page, is an error of its own: tRPC's client would hide its
 * status, and take a page that comes with 200 for a lost connection.
 */
async function fetchAnswer(url: RequestInfo | URL, options?: object): Promise<Response> {
  const response = await fetch(url, options);
  const answer: unknown = await response
    .clone()
    .json()
    .catch(() => null);
  if (isTrpcAnswer(answer)) return response;
  throw statusError(response, String(url));
}

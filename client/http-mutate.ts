import { createTRPCUntypedClient, httpLink } from '@trpc/client';
import { transformer } from '../shared/transformer.ts';
import type { Token } from './connection.ts';
import { HttpStatusError } from './errors.ts';
import type { Mutate } from './publishing.ts';
import { withRetry } from './retry.ts';
import type { Router } from './wire.ts';

/** Mutations over HTTP, tried again while the server cannot be reached or cannot take them. */
export function httpMutate(url: string, token: Token | undefined): Mutate {
  const link = httpLink<Router>({
    url: url.replace(/\/$/, ''),
    transformer,
    fetch: fetchAnswer,
    ...(token !== undefined && {
      headers: async () => ({
        authorization: `Bearer ${typeof token === 'string' ? token : await token()}`,
      }),
    }),
  });
  const trpc = createTRPCUntypedClient<Router>({ links: [link] });
  // The router's types say what comes out of a path; the caller names them.
  return <T>(path: string, input: object, retry: Parameters<Mutate>[2]) =>
    withRetry((signal) => trpc.mutation(path, input, { signal }) as Promise<T>, retry);
}

/** Failures that tRPC did not write, such as a proxy's page, by their status: tRPC's client would hide it. */
async function fetchAnswer(url: RequestInfo | URL, options?: object): Promise<Response> {
  const response = await fetch(url, options);
  if (response.ok) return response;
  const answer: unknown = await response
    .clone()
    .json()
    .catch(() => null);
  if (
    typeof answer === 'object' &&
    answer !== null &&
    'error' in answer &&
    typeof answer.error === 'object'
  ) {
    return response;
  }
  throw new HttpStatusError(response.status);
}

import { createTRPCUntypedClient, httpLink } from '@trpc/client';
import type { Token } from './connection.ts';
import type { Mutate } from './publishing.ts';
import { withRetry } from './retry.ts';
import { type Router, wireTransformer } from './wire.ts';

/** Mutations over HTTP, tried again while the server cannot be reached or cannot take them. */
export function httpMutate(url: string, token: Token | undefined): Mutate {
  const link = httpLink<Router>({
    url: url.replace(/\/$/, ''),
    transformer: wireTransformer,
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

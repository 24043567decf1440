import { TRPCClientError, type TRPCLink } from '@trpc/client';
import { observable } from '@trpc/server/observable';
import { expect, test } from 'vitest';
import { mountedAt, Requests, type Router } from '../../client/connection/requests.ts';
import { toClientError } from '../../client/failures/errors.ts';

type Observer = Parameters<Parameters<typeof observable>[0]>[0];

/** Calls a query over a link that answers so. */
function query(answer: (observer: Observer, path: string) => void): Promise<unknown> {
  const link: TRPCLink<Router> =
    () =>
    ({ op }) =>
      observable((observer) => answer(observer as Observer, op.path));
  return new Requests(link, mountedAt('a.events')).call(
    'query',
    'stats',
    undefined,
    new AbortController().signal,
  );
}

test('a call is sent to the path where the events are mounted, and returns the data', async () => {
  await expect(query((observer, path) => observer.next({ result: { data: path } }))).resolves.toBe(
    'a.events.stats',
  );
});

test('a request that ends without an answer fails with an error that allows another try', async () => {
  await expect(query((observer) => observer.complete())).rejects.toMatchObject({
    name: 'EventsError',
    code: 'UNAVAILABLE',
    message: expect.stringContaining('No answer from the server'),
  });
});

test('tRPC’s own errors pass through unchanged, and are recognised', async () => {
  const error = new TRPCClientError('closed');
  await expect(query((observer) => observer.error(error))).rejects.toBe(error);
  expect(toClientError(error)).toMatchObject({ code: 'UNAVAILABLE', cause: error });
});

import type { TRPCLink } from '@trpc/client';
import type { AppRouter } from '../../server/index.ts';
import type { AnyCatalog } from '../../shared/catalog.ts';

/** Keys of routers joined by dots. An address has no place for the other characters. */
const PATH = /^[^\s./?#%]+(?:\.[^\s./?#%]+)*$/;

/**
 * The links that send each call to the router that is mounted at a path; none when the events are at the top.
 * @throws TypeError when it is no such path
 */
export function mountLinks(path: string | undefined): TRPCLink<AppRouter<AnyCatalog>>[] {
  if (path === undefined || path === '') return [];
  if (!PATH.test(path)) {
    throw new TypeError(
      `path is the key of the events in your router, "events", or several with dots, "a.events"; not ${JSON.stringify(path)}`,
    );
  }
  return [
    () =>
      ({ op, next }) =>
        next({ ...op, path: `${path}.${op.path}` }),
  ];
}

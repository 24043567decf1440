import { EventsError } from '../../shared/index.ts';
import { reach, trpcUrl } from '../sources/server-source.ts';

/**
 * A document that a server has beside its endpoint.
 * @throws EventsError UNAVAILABLE when nothing answers, INVALID_OPTION where there is no such document
 */
export async function servedDocument(server: string, name: string): Promise<unknown> {
  const endpoint = trpcUrl(server);
  await reach(endpoint);
  const url = new URL(name, endpoint);
  const response = await fetch(url, { signal: AbortSignal.timeout(5000) });
  if (response.ok) return response.json();
  throw new EventsError(
    'INVALID_OPTION',
    `${url} answered with HTTP status ${response.status}. A server started by startServer serves its schema there; a server of your own must do so itself.`,
  );
}

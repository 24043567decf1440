import { type ClientOptions, createClient, type EventsClient } from '../../client/index.ts';
import type { AnyCatalog, PsycheCatalog } from '../../shared/index.ts';

/** A client that is closed at the end of the test. */
export function connect<C extends AnyCatalog = PsycheCatalog>(
  options: ClientOptions<C>,
): EventsClient<C> & AsyncDisposable {
  const client = createClient(options);
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.close() });
}

import { type ClientOptions, createClient, type EventsClient, type Transport } from '../../client/index.ts';
import type { AnyCatalog, PsycheCatalog } from '../../shared/index.ts';

/** The one transport that the clients of this run may use: the suite runs once over each. */
export const TRANSPORT: Transport = process.env['CLIENT_TRANSPORT'] === 'sse' ? 'sse' : 'ws';

/** A client that is closed at the end of the test. */
export function connect<C extends AnyCatalog = PsycheCatalog>(
  options: ClientOptions<C>,
): EventsClient<C> & AsyncDisposable {
  const client = createClient({ transports: [TRANSPORT], ...options });
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.close() });
}

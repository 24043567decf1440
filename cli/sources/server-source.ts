import {
  type ConnectionOptions,
  createClient,
  createPublisher,
  probe,
  toHttpUrl,
} from '../../client/index.ts';
import { type AnyCatalog, EventsError } from '../../shared/index.ts';
import type { Surroundings } from '../surroundings.ts';
import type { ServerSource } from './event-source.ts';

interface Server extends Pick<ConnectionOptions, 'path' | 'token'> {
  url: string;
}

/** Events by way of a server. @throws EventsError UNAVAILABLE when nothing answers there, INVALID_OPTION when something else does */
export async function openServer(
  { url: address, catalog, ...rest }: Server & { catalog?: string | undefined },
  around: Surroundings,
): Promise<ServerSource> {
  if (catalog !== undefined)
    throw new EventsError('INVALID_OPTION', '--catalog goes with --redis: a server has a catalog of its own');
  const url = trpcUrl(address);
  await reach(url);
  const server = { ...rest, url };
  // Over HTTP, where a batch may be larger than a WebSocket message.
  const publisher = createPublisher<AnyCatalog>(server);
  let opened: ReturnType<typeof connect> | undefined;
  const client = () => {
    opened ??= connect(server, around);
    return opened;
  };
  return {
    keepsSettlements: false,
    publish: ({ event_type, data, ...meta }, { topic }) =>
      publisher.publish(event_type, data, { ...meta, topic }),
    publishBatch: (events, { topic }) => publisher.publishBatch(events, { topic }),
    stream: (options) => client().stream(options),
    replay: (options) => client().replay(options),
    history: (options) => client().history(options),
    open: (options) =>
      client()
        .open(options)
        .catch((error: unknown) => {
          throw lacksOpen(error) ?? error;
        }),
    answer: (type, id, answer, options) => client().answer(type, id, answer, options),
    erase: (options) => client().erase(options),
    stats: (options) => client().stats(options),
    schema: () => schemaAt(new URL('schema.json', url)),
    async close() {
      await publisher.close();
      await opened?.close();
    },
  };
}

/** A router lacks the call where no event of its catalog can be open. */
function lacksOpen(error: unknown): EventsError | undefined {
  if (!(error instanceof EventsError)) return undefined;
  const told: unknown = Reflect.get(Object(error.cause), 'data');
  if (Reflect.get(Object(told), 'code') !== 'NOT_FOUND') return undefined;
  const message = `No event of this server can be open, or its events are at another path: ${error.message}`;
  return new EventsError(error.code, message, { cause: error });
}

function connect(server: Server, around: Surroundings) {
  const client = createClient<AnyCatalog>(server);
  let lost = false;
  client.connection.subscribe(({ status }) => {
    if (status === 'reconnecting' && !lost) around.note('connection lost, reconnecting');
    if (status === 'live' && lost) around.note('connected again');
    lost = status === 'reconnecting';
  });
  return client;
}

/** A server of ours has it beside its endpoint; where a router of ours is mounted in another one, it may have none. */
async function schemaAt(url: URL): Promise<unknown> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(5000) });
    return response.ok ? await response.json() : null;
  } catch {
    return null; // publishing says what is wrong with the server
  }
}

/** The server's endpoint, over HTTP. @throws EventsError INVALID_OPTION */
export function trpcUrl(address: string): string {
  try {
    return toHttpUrl(address);
  } catch (cause) {
    throw new EventsError(
      'INVALID_OPTION',
      `--url must be a URL such as http://127.0.0.1:3000, not ${address}`,
      { cause },
    );
  }
}

/** The clients wait for a server that is away; a command that is given a wrong address should say so at once. */
export async function reach(url: string): Promise<void> {
  const found = await probe(url, AbortSignal.timeout(5000));
  if (!found) return;
  const where = new URL(url).origin;
  throw new EventsError(found.code, `No events are served at ${where}: ${found.message}`, { cause: found });
}

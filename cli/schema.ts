import { loadConfig, toAsyncApi, toJsonSchema } from '../server/index.ts';
import { EventsError } from '../shared/index.ts';
import { catalog } from './serve/application.ts';
import { reach, trpcUrl } from './sources/server-source.ts';
import type { Surroundings } from './surroundings.ts';

/** The name of each document beside the endpoint of a server. */
const DOCUMENTS: Readonly<Record<string, string>> = {
  'json-schema': 'schema.json',
  asyncapi: 'asyncapi.json',
};

/** Prints what programs in other languages need to know of a server's events; without a server, of the simulation's. */
export async function printSchema(
  { format, url }: { format: string; url?: string | undefined },
  around: Surroundings,
): Promise<void> {
  const document = url === undefined ? ownDocument(format) : await servedDocument(format, url);
  await around.print(JSON.stringify(document, null, 2));
}

function ownDocument(format: string): unknown {
  const { redisPrefix } = loadConfig();
  return format === 'asyncapi' ? toAsyncApi(catalog, { redisPrefix }) : toJsonSchema(catalog);
}

async function servedDocument(format: string, server: string): Promise<unknown> {
  const endpoint = trpcUrl(server);
  await reach(endpoint);
  const url = new URL(DOCUMENTS[format] ?? '', endpoint);
  const response = await fetch(url, { signal: AbortSignal.timeout(5000) });
  if (response.ok) return response.json();
  throw new EventsError(
    'INVALID_OPTION',
    `${url} answered with HTTP status ${response.status}. A server started by startServer serves its schema there; a server of your own must do so itself.`,
  );
}

import { loadConfig } from '../../server/app/config.ts';
import { toAsyncApi } from '../../server/schema/asyncapi.ts';
import { toJsonSchema } from '../../server/schema/events-schema.ts';
import type { Surroundings } from '../surroundings.ts';
import { loadCatalog } from './load-catalog.ts';
import { servedDocument } from './served.ts';

/** The name of each document beside the endpoint of a server. */
const DOCUMENTS: Readonly<Record<string, string>> = {
  'json-schema': 'schema.json',
  asyncapi: 'asyncapi.json',
};

/** The document to print, and of which events. */
interface SchemaOptions {
  format: string;
  url?: string | undefined;
  catalog?: string | undefined;
}

/** Prints what programs in other languages need to know of a server's events; without a server, of a catalog's. */
export async function printSchema(
  { format, url, catalog }: SchemaOptions,
  around: Surroundings,
): Promise<void> {
  const document =
    url === undefined
      ? await ownDocument(format, catalog)
      : await servedDocument(url, DOCUMENTS[format] ?? '');
  await around.print(JSON.stringify(document, null, 2));
}

async function ownDocument(format: string, module: string | undefined): Promise<unknown> {
  const { redisPrefix } = loadConfig();
  const catalog = await loadCatalog(module);
  return format === 'asyncapi' ? toAsyncApi(catalog, { redisPrefix }) : toJsonSchema(catalog);
}

import { loadConfig, toAsyncApi, toJsonSchema } from '../server/index.ts';
import { catalog } from './application.ts';
import { print } from './output.ts';

/** Prints what programs in other languages need to know of the events. */
export async function printSchema(format: string): Promise<void> {
  const { redisPrefix } = loadConfig();
  const document = format === 'asyncapi' ? toAsyncApi(catalog, { redisPrefix }) : toJsonSchema(catalog);
  await print(JSON.stringify(document, null, 2));
}

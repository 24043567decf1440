import type { FastifyInstance } from 'fastify';
import type { AnyCatalog } from '../../shared/catalog.ts';
import { toAsyncApi } from '../schema/asyncapi.ts';
import { toJsonSchema } from '../schema/json-schema.ts';

/** Serves what programs in other languages need to know of a catalog: `/schema.json` and `/asyncapi.json`. */
export function serveSchemas(app: FastifyInstance, catalog: AnyCatalog, redisPrefix: string): void {
  const documents = {
    '/schema.json': () => toJsonSchema(catalog),
    '/asyncapi.json': () => toAsyncApi(catalog, { redisPrefix }),
  };
  for (const [path, write] of Object.entries(documents)) {
    let text: string | undefined;
    app.get(path, (_request, reply) => {
      text ??= JSON.stringify(write());
      return reply.type('application/json').send(text);
    });
  }
}

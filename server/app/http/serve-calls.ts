import type { AnyTRPCRouter } from '@trpc/server';
import type { FastifyHandlerOptions } from '@trpc/server/adapters/fastify';
import { incomingMessageToRequest } from '@trpc/server/adapters/node-http';
import { resolveResponse } from '@trpc/server/http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { InputTexts } from './input-texts.ts';

type Options = FastifyHandlerOptions<AnyTRPCRouter, FastifyRequest, FastifyReply>;

/**
 * Serves a router's calls below a path: tRPC's own plugin for fastify, but the texts of bodies are looked at before tRPC
 * parses them.
 */
export function serveCalls(app: FastifyInstance, prefix: string, options: Options): void {
  const texts = new InputTexts();
  app.removeContentTypeParser('application/json');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_, body, done) => done(null, body));
  app.removeContentTypeParser('multipart/form-data');
  app.addContentTypeParser('multipart/form-data', {}, (_, body, done) => done(null, body));
  app.all<{ Params: { path: string } }>(`${prefix}/:path`, async (req, res) => {
    const { body } = req;
    const isText = typeof body === 'string';
    // A text is not copied into the request: it is given when it is asked for.
    const raw = Object.assign(req.raw, { body: isText ? '' : body });
    const request = incomingMessageToRequest(raw, res.raw, { maxBodySize: options.maxBodySize ?? null });
    const answer = await resolveResponse({
      ...options,
      path: req.params.path,
      req: isText ? texts.give(request, body) : request,
      error: null,
      createContext: (inner) => options.createContext?.({ ...inner, req, res }),
      onError: (failure) => options.onError?.({ ...failure, req }),
    });
    await res.send(answer);
  });
}

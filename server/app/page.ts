import { existsSync } from 'node:fs';
import { basename, join, sep } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';

/** Where the build puts the dashboard, seen from the built server as from its source; undefined in a bundle, which has none. */
const PAGE_DIR = {
  'page.js': join(import.meta.dirname ?? '', '../../dashboard'),
  'page.ts': join(import.meta.dirname ?? '', '../../dist/dashboard'),
}[basename(import.meta.filename ?? '')];

/** The page runs its own code and styles only, none of it inline, and talks to its own server only. */
const POLICY =
  "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Serves the dashboard at `/`; where it was not built, says so. */
export async function servePage(app: FastifyInstance, dir = PAGE_DIR): Promise<void> {
  if (dir === undefined || !existsSync(join(dir, 'index.html'))) {
    app.get('/', (_request, reply) =>
      reply.code(404).send({ message: 'The dashboard is not built. Run: npm run build' }),
    );
    return;
  }
  await app.register(fastifyStatic, {
    root: dir,
    // Vite names assets by their content; the page that names them must be asked for each time.
    cacheControl: false,
    setHeaders(reply, path) {
      const forever = path.includes(`${sep}assets${sep}`);
      reply.header('cache-control', forever ? 'public, max-age=31536000, immutable' : 'no-cache');
      reply.header('content-security-policy', POLICY);
    },
  });
}

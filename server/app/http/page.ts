import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join, relative, sep } from 'node:path';
import { getMimeType } from 'hono/utils/mime';
import type { HttpRoutes } from './every-answer.ts';

/** Directory in which the build puts the dashboard, seen from the built server as from its source; undefined in a bundle, which has none. */
const PAGE_DIR = {
  'page.js': join(import.meta.dirname ?? '', '../../../dashboard'),
  'page.ts': join(import.meta.dirname ?? '', '../../../dist/dashboard'),
}[basename(import.meta.filename ?? '')];

/** The page runs its own code and styles only, none of it inline, and talks to its own server only. */
const POLICY =
  "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/**
 * Serves the dashboard at `/`; where it was not built, says so. Its files are read once and have a route each, so that no
 * address reaches any other file.
 */
export function servePage(app: HttpRoutes, dir = PAGE_DIR): void {
  if (dir === undefined || !existsSync(join(dir, 'index.html'))) {
    app.get('/', (c) => c.json({ message: 'The dashboard is not built. Run: npm run build' }, 404));
    return;
  }
  for (const file of readdirSync(dir, { recursive: true, withFileTypes: true })) {
    if (!file.isFile()) continue;
    const path = relative(dir, join(file.parentPath, file.name)).split(sep).join('/');
    const bytes = readFileSync(join(dir, path));
    serveFile(app, path, new Uint8Array(bytes));
  }
}

/** Sends who asks for the path alone on to its slash, for the page's links are relative. */
export function addSlash(app: HttpRoutes, basePath: string): void {
  if (basePath === '') return;
  // Relative, since the proxy may have a path of its own before this one.
  const below = `${basePath.slice(basePath.lastIndexOf('/') + 1)}/`;
  app.all(basePath, (c) => c.body(null, 308, { location: below + new URL(c.req.url).search }));
}

function serveFile(app: HttpRoutes, path: string, bytes: Uint8Array<ArrayBuffer>): void {
  const etag = `"${createHash('sha256').update(bytes).digest('base64url')}"`;
  const headers = {
    etag,
    'content-type': getMimeType(path) ?? 'application/octet-stream',
    'content-length': `${bytes.byteLength}`,
    // Vite names assets by their content; the page that names them must be asked for each time.
    'cache-control': path.startsWith('assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
    'content-security-policy': POLICY,
  };
  const { 'content-length': _, ...unchanged } = headers;
  app.on('GET', path === 'index.html' ? ['/', '/index.html'] : [`/${path}`], (c) =>
    isKnown(etag, c.req.header('if-none-match')) ? c.body(null, 304, unchanged) : c.body(bytes, 200, headers),
  );
}

/** Tells if a client that sends this `If-None-Match` has the version of this tag. */
function isKnown(etag: string, ifNoneMatch = ''): boolean {
  const known = ifNoneMatch.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return known.includes(etag) || known.includes('*');
}

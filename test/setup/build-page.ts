import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join } from 'node:path';
import { build } from 'esbuild';

const ROOT = join(import.meta.dirname, '../..');
const TYPES: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' };

/** A built page: path → content. */
export type BuiltPage = ReadonlyMap<string, Buffer>;

/**
 * Builds a directory with an index.html and its one module, with esbuild: a build of vite is a process that takes
 * some seconds.
 * @param mode `development` keeps React's checks, StrictMode's double mounts among them
 * @param alias packages in the place of others
 */
export async function buildPage(
  dir: string,
  mode: 'development' | 'production',
  alias: Record<string, string> = {},
): Promise<BuiltPage> {
  const html = await readFile(join(ROOT, dir, 'index.html'), 'utf8');
  const entry = /src="\.\/(.+?)"/.exec(html)?.[1];
  if (entry === undefined) throw new Error(`${dir}/index.html has no module of its own`);
  const outdir = join(ROOT, dir);
  const { outputFiles } = await build({
    entryPoints: { main: join(ROOT, dir, entry) },
    outdir, // nothing is written there
    write: false,
    bundle: true,
    splitting: true,
    format: 'esm',
    target: 'es2022',
    jsx: 'automatic',
    conditions: ['module', mode],
    define: { 'process.env.NODE_ENV': JSON.stringify(mode) },
    minify: true, // it takes less time than a browser needs to read the rest
    alias,
    absWorkingDir: ROOT,
    tsconfig: join(ROOT, 'tsconfig.json'),
    logLevel: 'warning',
  });
  return new Map([
    ['/index.html', Buffer.from(html.replace(entry, 'main.js'))],
    ...outputFiles.map(({ path, contents }) => [path.slice(outdir.length), Buffer.from(contents)] as const),
  ]);
}

/** Answers requests for a page's files. */
export function serve(page: BuiltPage): (req: IncomingMessage, res: ServerResponse) => boolean {
  return ({ url = '/' }, res) => {
    const path = new URL(url, 'http://localhost').pathname;
    const body = page.get(path === '/' ? '/index.html' : path);
    if (body) res.setHeader('content-type', TYPES[extname(path)] ?? 'text/html').end(body);
    return body !== undefined;
  };
}

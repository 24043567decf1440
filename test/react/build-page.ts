import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, extname, join } from 'node:path';
import { promisify } from 'node:util';

const ROOT = join(import.meta.dirname, '../..');
const VITE = join(dirname(createRequire(import.meta.url).resolve('vite/package.json')), 'bin/vite.js');
const TYPES: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' };

/** A built page: path → content. */
export type BuiltPage = ReadonlyMap<string, Buffer>;

/**
 * Builds a directory with an index.html, as its own process: vite inside vitest is another vite.
 * @param mode `development` keeps React's checks, StrictMode's double mounts among them
 */
export async function buildPage(dir: string, mode: 'development' | 'production'): Promise<BuiltPage> {
  const outDir = await mkdtemp(join(tmpdir(), 'psyche-page-'));
  try {
    await promisify(execFile)(
      process.execPath,
      [
        VITE,
        'build',
        join(ROOT, dir),
        '--mode',
        mode,
        '--outDir',
        outDir,
        '--emptyOutDir',
        '--logLevel',
        'warn',
      ],
      { cwd: ROOT, env: { ...process.env, NODE_ENV: mode, VITEST: '' } },
    );
    const names = await readdir(outDir, { recursive: true, withFileTypes: true });
    const files = new Map<string, Buffer>();
    for (const entry of names) {
      if (!entry.isFile()) continue;
      const path = join(entry.parentPath, entry.name);
      files.set(path.slice(outDir.length), await readFile(path));
    }
    return files;
  } finally {
    await rm(outDir, { recursive: true, force: true });
  }
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

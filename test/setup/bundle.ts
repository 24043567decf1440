import { renameSync } from 'node:fs';
import { join, relative } from 'node:path';
import { buildSync } from 'esbuild';

const ROOT = join(import.meta.dirname, '../..');
const CACHE = join(ROOT, 'node_modules/.cache/programs');

const bundled = new Map<string, string>();

/**
 * A TypeScript program as one file for Node, of today's source; packages are imported as ever. It starts in a third of
 * the time that tsx needs, which compiles some two hundred files one by one.
 *
 * @param entry path of the program
 * @returns path of the file, made once in each process of the tests
 */
export function bundle(entry: string): string {
  const known = bundled.get(entry);
  if (known !== undefined) return known;
  const file = join(CACHE, relative(ROOT, entry).replaceAll('/', '-').replace(/tsx?$/, 'mjs'));
  const unfinished = `${file}.${process.pid}`;
  buildSync({
    entryPoints: [entry],
    outfile: unfinished,
    tsconfig: join(ROOT, 'tsconfig.json'),
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'warning',
  });
  renameSync(unfinished, file); // other processes make the same file, and some run it
  bundled.set(entry, file);
  return file;
}

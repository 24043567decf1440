import { existsSync, renameSync, writeFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { buildSync } from 'esbuild';
import { inject } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const CACHE = join(ROOT, 'node_modules/.cache/programs');

/** Defines for packages that are CommonJS what they call, and a module has not. */
const REQUIRE =
  "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

/**
 * A TypeScript program as one file for Node, of today's source and its packages. Its start costs a quarter of a second of
 * CPU; it costs thrice that where Node looks for the files of packages one by one, and more through tsx, which compiles
 * some two hundred files besides.
 *
 * @param entry path of the program
 * @param packages `external`: they are imported as ever, as the reader of a document has them. Default `bundle`: they are in it
 * @returns path of the file, made once in a run of the tests
 */
export function bundle(entry: string, packages: 'bundle' | 'external' = 'bundle'): string {
  const file = join(CACHE, relative(ROOT, entry).replaceAll('/', '-').replace(/tsx?$/, 'mjs'));
  const made = join(inject('runDirectory'), basename(file));
  if (existsSync(made)) return file;
  const unfinished = `${file}.${process.pid}`;
  buildSync({
    entryPoints: [entry],
    outfile: unfinished,
    tsconfig: join(ROOT, 'tsconfig.json'),
    bundle: true,
    packages,
    external: ['@photostructure/sqlite'], // looks for its binary beside its own files
    banner: { js: REQUIRE },
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'warning',
  });
  renameSync(unfinished, file); // another worker may make the same file, and run it
  writeFileSync(made, '');
  return file;
}

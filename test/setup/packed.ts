import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { inject } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const run = promisify(execFile);

/** The package as npm packs it, of what was built. */
export interface Packed {
  /** Path of the tarball. */
  readonly tarball: string;
  /** Paths of the files within. */
  readonly files: readonly string[];
}

/**
 * Packs a package of the repository once in a run of the tests, in the worker that asks first; the others wait.
 * @param folder default: this package; `create` is create-psyche-events
 * @throws when npm fails
 */
export async function packed(folder: '.' | 'create' = '.'): Promise<Packed> {
  const directory = inject('runDirectory');
  const result = join(directory, `packed-${folder}.json`);
  const lock = join(directory, `packing-${folder}`);
  while (!existsSync(result)) {
    if (await mkdir(lock).catch(() => true)) {
      await sleep(50); // another worker packs
      continue;
    }
    try {
      if (!existsSync(result)) await pack(join(ROOT, folder), directory, result);
    } finally {
      await rmdir(lock);
    }
  }
  return JSON.parse(await readFile(result, 'utf8'));
}

async function pack(cwd: string, directory: string, result: string): Promise<void> {
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', directory];
  const { stdout } = await run('npm', args, { cwd, maxBuffer: 16 * 1024 * 1024 });
  const [{ filename, files }] = JSON.parse(stdout);
  const made: Packed = {
    tarball: join(directory, filename),
    files: files.map(({ path }: { path: string }) => path),
  };
  await writeFile(`${result}.unfinished`, JSON.stringify(made));
  await rename(`${result}.unfinished`, result);
}

import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const run = promisify(execFile);

/** A project of two sources, which the commands of this one build. */
let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'psyche-build-'));
  for (const each of ['scripts', 'tsconfig.json', 'tsconfig.build.json'])
    await cp(join(ROOT, each), join(dir, each), { recursive: true });
  await symlink(join(ROOT, 'node_modules'), join(dir, 'node_modules'));
  const { type, scripts } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));
  await writeFile(join(dir, 'package.json'), JSON.stringify({ type, scripts }));
  await mkdir(join(dir, 'shared'));
  await writeFile(join(dir, 'shared/kept.ts'), 'export const kept = 1;');
  await mkdir(join(dir, 'dist/dashboard'), { recursive: true });
  await writeFile(join(dir, 'dist/dashboard/page.js'), '');
});
afterAll(() => rm(dir, { recursive: true }));

const KEPT = ['dashboard/page.js', 'shared/kept.d.ts', 'shared/kept.js'];
const MOVED = ['shared/moved.d.ts', 'shared/moved.js'];

async function built(): Promise<string[]> {
  await run('npm', ['run', '--silent', 'build:lib'], { cwd: dir });
  const paths = await readdir(join(dir, 'dist'), { recursive: true });
  return paths.filter((path) => path.endsWith('.js') || path.endsWith('.d.ts')).sort();
}

test('a build leaves no file of a source that is gone, and builds the source when it is back', async () => {
  const source = join(dir, 'shared/moved.ts');
  await writeFile(source, 'export const moved = 1;');
  expect(await built()).toEqual([...KEPT, ...MOVED]);
  await rm(source);
  expect(await built()).toEqual(KEPT);
  await writeFile(source, 'export const moved = 1;');
  expect(await built()).toEqual([...KEPT, ...MOVED]);
});

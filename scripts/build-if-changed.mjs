/**
 * Builds before `npm start`, unless `dist` was built from the sources as they are: a second start serves at once.
 *
 * The stamp in `dist` holds the path, size and time of change of every file that the build reads. A build that was
 * interrupted leaves no stamp. Where what was built is gone, `dist` is emptied: the compiler writes again only what has
 * changed since its own stamp there.
 */
import { execSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const DIST = join(ROOT, 'dist');
const STAMP = join(DIST, '.built-from');
const BUILT = ['cli/main.js', 'dashboard/index.html'];
const FOLDERS = [...JSON.parse(readFileSync(join(ROOT, 'tsconfig.build.json'), 'utf8')).include, 'dashboard'];
const FILES = ['package-lock.json', 'package.json', 'tsconfig.json', 'tsconfig.build.json', 'vite.config.ts'];

function sources() {
  const inFolders = FOLDERS.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true }).map((path) => join(folder, path)),
  );
  return [...inFolders, ...FILES]
    .sort()
    .map((path) => [path, statSync(join(ROOT, path), { throwIfNoEntry: false })])
    .filter(([, stats]) => stats?.isFile()) // an editor's lock is a link to nothing
    .map(([path, { size, mtimeMs }]) => `${path} ${size} ${mtimeMs}`)
    .join('\n');
}

function builtFrom() {
  try {
    return readFileSync(STAMP, 'utf8');
  } catch {
    return null;
  }
}

if (!BUILT.every((path) => existsSync(join(DIST, path)))) rmSync(DIST, { recursive: true, force: true });
const now = sources();
if (builtFrom() !== now) {
  rmSync(STAMP, { force: true });
  execSync('npm run --silent build', { cwd: ROOT, stdio: 'inherit' });
  writeFileSync(STAMP, now);
}

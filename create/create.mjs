import { cp, mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Files that may be in a folder that counts as empty: those of a repository that was just made. */
const HARMLESS = ['.git', '.DS_Store'];

/**
 * Copies a template into a folder.
 * @param {{ template: string, directory: string, name: string, tarball?: string }} application `tarball`: of
 * psyche-events, in place of the version that the template names
 * @throws Error when the folder has files
 */
export async function create({ template, directory, name, tarball }) {
  await refuseFull(directory);
  await mkdir(directory, { recursive: true });
  const templates = join(import.meta.dirname, 'templates');
  for (const each of ['common', template]) await cp(join(templates, each), directory, { recursive: true });
  // npm leaves a file of that name out of packages.
  await rename(join(directory, '_gitignore'), join(directory, '.gitignore'));
  const manifest = join(directory, 'package.json');
  const content = JSON.parse(await readFile(manifest, 'utf8'));
  content.name = name;
  if (tarball !== undefined) content.dependencies['psyche-events'] = `file:${tarball}`;
  await writeFile(manifest, `${JSON.stringify(content, null, 2)}\n`);
}

/** @param {string} directory */
async function refuseFull(directory) {
  const files = await readdir(directory).catch((error) => {
    if (error.code === 'ENOENT') return [];
    throw error.code === 'ENOTDIR' ? new Error(`${directory} is a file.`) : error;
  });
  const others = files.filter((file) => !HARMLESS.includes(file));
  if (others.length === 0) return;
  const some = others.slice(0, 3).join(', ') + (others.length > 3 ? ', …' : '');
  throw new Error(`${directory} has files: ${some}. Name a folder that is not there, or is empty.`);
}

/** Names that no package may have, and those of packages that a template installs: npm refuses one that needs itself. */
const TAKEN = [
  '',
  'node_modules',
  'favicon.ico',
  'psyche-events',
  'react',
  'react-dom',
  'next',
  'hono',
  'vite',
  'zod',
];

/**
 * A name that npm takes, made of that of a folder.
 * @param {string} folder
 */
export function packageName(folder) {
  const name = folder
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .slice(0, 214)
    .replace(/^[._-]+|[._-]+$/g, '');
  return TAKEN.includes(name) ? 'psyche-app' : name;
}

/**
 * A path as a shell takes it: as it is where each of its characters is plain, in quotes where not. One that begins with a
 * dash would be an option of `cd`.
 * @param {string} path
 * @param {string} platform as `process.platform` has it
 */
export function quoted(path, platform = process.platform) {
  const place = path.startsWith('-') ? `./${path}` : path;
  const isWindows = platform === 'win32';
  if ((isWindows ? /^[\p{L}\p{N}_.:/\\-]+$/u : /^[\p{L}\p{N}_.:/-]+$/u).test(place)) return place;
  // A name of Windows has no double quote. In single quotes a POSIX shell replaces nothing, and a quote ends them.
  return isWindows ? `"${place}"` : `'${place.replaceAll("'", "'\\''")}'`;
}

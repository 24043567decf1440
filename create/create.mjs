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

/**
 * A name that npm takes, made of that of a folder.
 * @param {string} folder
 */
export function packageName(folder) {
  const name = folder
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[._-]+|-+$/g, '')
    .slice(0, 214);
  return name === '' || name === 'node_modules' ? 'psyche-app' : name;
}

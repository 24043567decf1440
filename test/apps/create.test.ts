import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { quoted } from '../../create/create.mjs';
import { packed } from '../setup/packed.ts';

const ROOT = join(import.meta.dirname, '../..');
const MAIN = join(ROOT, 'create/main.mjs');

let place: string;
beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), 'psyche-create-'));
});
afterAll(() => rm(place, { recursive: true }));

/** Runs the command in an empty place, without a terminal. */
async function create(...args: string[]): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, [MAIN, ...args], { cwd: place, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += text));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, output };
}

/** Runs a line in a shell of the place, and gives what it prints. */
const shell = async (line: string) =>
  (await promisify(execFile)('sh', ['-c', line], { cwd: place })).stdout.trimEnd();

const nameIn = async (folder: string) =>
  JSON.parse(await readFile(join(place, folder, 'package.json'), 'utf8')).name;

describe('create-psyche-events', () => {
  test('has the version of this package, which its templates ask for', async () => {
    const manifestOf = async (path: string) => JSON.parse(await readFile(join(ROOT, path), 'utf8'));
    const { version } = await manifestOf('package.json');
    expect(await manifestOf('create/package.json')).toMatchObject({ version });
    for (const name of ['node', 'next', 'hono', 'agent']) {
      const { dependencies } = await manifestOf(`create/templates/${name}/package.json`);
      expect(dependencies).toMatchObject({ 'psyche-events': `^${version}` });
    }
  });

  test('is a package with a README, which names each template, and the license of this one', async () => {
    const { files } = await packed('create');
    expect(files).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'main.mjs']));
    const contentOf = (path: string) => readFile(join(ROOT, path), 'utf8');
    expect(await contentOf('create/LICENSE')).toBe(await contentOf('LICENSE'));
    const readme = await contentOf('create/README.md');
    for (const name of await readdir(join(ROOT, 'create/templates')))
      if (name !== 'common') expect(readme).toContain(`\`${name}\``);
  });

  test('makes the first template in psyche-app, and says what comes next', async () => {
    const { code, output } = await create();
    expect({ code, output }).toMatchObject({ code: 0 });
    expect(output).toContain('  cd psyche-app\n  npm install\n  npm run dev\n');
    expect(await readdir(join(place, 'psyche-app'))).toEqual(
      expect.arrayContaining(['.gitignore', 'catalog.ts', 'package.json', 'vite.config.ts']),
    );
    expect(await nameIn('psyche-app')).toBe('psyche-app');
    expect(output).toContain('psyche-events is not on npm yet');
    expect(output).toContain('--from <tarball>');
  });

  test.each([
    ['My Shop', 'my-shop'],
    ['.hidden', 'hidden'],
    ['日本', 'psyche-app'],
    ["Ann's $HOME", 'ann-s-home'],
    ['say "hi" `now`', 'say-hi-now'],
    ['a;b&c', 'a-b-c'],
    ['ends.', 'ends'],
    ['zod', 'psyche-app'],
  ])('gives the package of the folder %s a name that npm takes: %s', async (folder, name) => {
    const { code, output } = await create(folder, '-t', 'hono');
    expect({ code, output }).toMatchObject({ code: 0 });
    expect(await nameIn(folder)).toBe(name);
    // The line that it prints leads there, in a shell.
    const [line = ''] = /^ {2}cd .*$/m.exec(output) ?? [];
    expect(await shell(`${line} && pwd -P`)).toBe(await realpath(join(place, folder)));
  });

  test.each([
    ['my-app', 'my-app', 'my-app'],
    ['../日本', '../日本', '../日本'],
    ['My Shop', "'My Shop'", '"My Shop"'],
    ["Ann's", "'Ann'\\''s'", `"Ann's"`],
    ['-app', './-app', './-app'],
  ])('writes the folder %s as a shell takes it: %s, on Windows %s', (folder, posix, windows) => {
    expect(quoted(folder, 'linux')).toBe(posix);
    expect(quoted(folder, 'win32')).toBe(windows);
  });

  test('takes a tarball whose path has spaces and quotes', async () => {
    const tarball = "it's a #1 tarball.tgz";
    await writeFile(join(place, tarball), '');
    const { code, output } = await create('from-tarball', '-t', 'hono', '--from', tarball);
    expect({ code, output }).toMatchObject({ code: 0 });
    expect(output).not.toContain('not on npm');
    const manifest = JSON.parse(await readFile(join(place, 'from-tarball/package.json'), 'utf8'));
    expect(manifest.dependencies['psyche-events']).toBe(`file:${join(place, tarball)}`);
  });

  test('takes an empty folder, also with a repository in it, and refuses one that has files', async () => {
    await mkdir(join(place, 'repository/.git'), { recursive: true });
    expect(await create('repository', '-t', 'hono')).toMatchObject({ code: 0 });
    const again = await create('repository', '-t', 'node');
    expect(again.code).toBe(1);
    expect(again.output).toMatch(/repository has files: .*\. Name a folder that is not there, or is empty\./);
    expect(existsSync(join(place, 'repository/vite.config.ts'))).toBe(false);
    await writeFile(join(place, 'file'), '');
    expect(await create('file')).toMatchObject({ code: 1, output: expect.stringContaining('is a file') });
  });

  test('refuses an unknown template, a second folder and an unknown option, each in one line', async () => {
    for (const [args, told] of [
      [['a', '-t', 'nuxt'], 'No template is named nuxt. There are node, next, hono, agent.'],
      [['a', '--from', 'gone.tgz'], 'gone.tgz.'],
      [['a', 'b'], 'One folder, please, not a, b.'],
      [['a', '--tempate', 'node'], '--tempate'],
    ] as const) {
      const { code, output } = await create(...args);
      expect(code).toBe(1);
      expect(output).toContain(told);
      expect(output).toContain('--help');
      expect(output).not.toContain('    at ');
      expect(existsSync(join(place, 'a'))).toBe(false);
    }
  });

  test('prints its templates for --help, and makes nothing', async () => {
    const { code, output } = await create('help', '--help');
    expect(code).toBe(0);
    for (const name of await readdir(join(ROOT, 'create/templates')))
      if (name !== 'common') expect(output).toMatch(new RegExp(`^ {2}${name} `, 'm'));
    expect(existsSync(join(place, 'help'))).toBe(false);
  });
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync } from 'node:fs';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { packed } from '../setup/packed.ts';
import { until } from '../setup/until.ts';
import { environment, exec, listen } from './commands.ts';
import { warningsIn } from './warnings.ts';

const APPLICATIONS = join(import.meta.dirname, 'applications');
const ROOT = join(import.meta.dirname, '../..');

const ADDRESS = /http:\/\/127\.0\.0\.1:\d+/;

interface MakeOptions {
  /** The files of `applications/common` that it uses. */
  common?: readonly string[];
  /** Package → the version to install in place of the one that it asks for. */
  versions?: Readonly<Record<string, string>>;
  /** An application whose installed packages are there already: npm changes those that differ. Default: none are. */
  like?: Application;
}

/** npm, a compiler and the program start one after another, on a machine that has more to do. */
const STARTS_WITHIN_MS = 120_000;

/** An application in a folder of its own, outside of the repository, with the packed package installed. */
export class Application implements AsyncDisposable {
  readonly name: string;
  readonly dir: string;
  /** Package → the version that was installed, of those that the application asks for. */
  readonly versions: Readonly<Record<string, string>>;
  readonly #seconds: Record<string, number>;

  private constructor(name: string, dir: string, versions: Record<string, string>, installed: number) {
    this.name = name;
    this.dir = dir;
    this.versions = versions;
    this.#seconds = { install: installed };
  }

  /**
   * Copies `applications/<name>`, and installs, with the built package as it is packed.
   * @throws Error when the install fails or warns
   */
  static async make(
    name: string,
    { common = ['router.ts', 'receive.ts', 'follow.ts'], versions = {}, like }: MakeOptions = {},
  ): Promise<Application> {
    const dir = await mkdtemp(join(tmpdir(), `psyche-app-${name}-`));
    await cp(join(APPLICATIONS, name), dir, { recursive: true });
    for (const file of common) await cp(join(APPLICATIONS, 'common', file), join(dir, file));
    for (const installed of like ? ['node_modules', 'package-lock.json'] : [])
      await cp(join(like?.dir ?? '', installed), join(dir, installed), {
        recursive: true,
        verbatimSymlinks: true,
      });
    return Application.#install(name, dir, versions);
  }

  /**
   * Makes applications of `applications/` and of a template below one folder, each under its own name, as workspaces of npm:
   * one install for all of them.
   * @throws Error when the command or the install fails or warns
   */
  static async together(names: readonly string[], template: string): Promise<Application> {
    const dir = await mkdtemp(join(tmpdir(), 'psyche-apps-together-'));
    for (const name of names) {
      await cp(join(APPLICATIONS, 'common'), join(dir, name), { recursive: true });
      await cp(join(APPLICATIONS, name), join(dir, name), { recursive: true });
    }
    const options = ['--template', template, '--from', (await packed()).tarball];
    await exec('node', [join(ROOT, 'create/main.mjs'), template, ...options], dir);
    await makeWorkspaces(dir);
    return Application.#install([...names, template].join(', '), dir, {});
  }

  /**
   * Makes an application of a template in an empty folder, as `npm create psyche-events` does, and installs.
   * @throws Error when the command or the install fails or warns
   */
  static async create(template: string): Promise<Application> {
    const dir = await mkdtemp(join(tmpdir(), `psyche-app-${template}-`));
    const command = [`--package=${(await packed('create')).tarball}`, '--', 'create-psyche-events'];
    const options = ['--template', template, '--from', (await packed()).tarball];
    const { output } = await exec('npm', ['exec', '--yes', ...command, '.', ...options], dir);
    refuseWarnings(`create-psyche-events of ${template}`, output);
    return Application.#install(`create: ${template}`, dir, {});
  }

  static async #install(name: string, dir: string, versions: Readonly<Record<string, string>>) {
    const { tarball } = await packed();
    const asked = { ...versions, 'psyche-events': `file:${tarball}` };
    for (const file of await manifestsIn(dir)) await askFor(file, asked);
    const install = (...flags: string[]) =>
      exec('npm', ['install', '--no-audit', '--no-fund', ...flags], dir);
    const { output, seconds } = await install('--prefer-offline').catch((error: Error) => {
      // npm's cache knows a package's newest version, and does not know yet that of another which that one needs.
      if (error.message.includes('ETARGET')) return install();
      throw error;
    });
    refuseWarnings(`npm install of ${name}`, output);
    return new Application(name, dir, await versionsIn(dir), seconds);
  }

  /** @throws Error when it fails, or prints a warning */
  async run(
    step: string,
    command: string,
    args: readonly string[] = [],
    env: Record<string, string> = {},
  ): Promise<string> {
    const { output, seconds } = await exec(command, args, this.dir, env);
    this.#seconds[step] = (this.#seconds[step] ?? 0) + seconds;
    refuseWarnings(`${command} ${args.join(' ')}`, output);
    return output;
  }

  /**
   * Starts a program that goes on until it is disposed of.
   * @returns what it printed until a line had an address, and that address
   */
  async start(
    command: string,
    args: readonly string[] = [],
    env: Record<string, string> = {},
  ): Promise<AsyncDisposable & { readonly url: string; output(): string }> {
    const child = spawn(command, args, { cwd: this.dir, env: { ...environment(), ...env }, detached: true });
    const printed = listen(child);
    const stop = async (): Promise<void> => {
      // Its group: npm and npx have children of their own.
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
      await closed;
    };
    const closed = once(child, 'close');
    try {
      const found = async () => child.exitCode !== null || ADDRESS.test(printed());
      await until(`an address of ${command} ${args.join(' ')}`, found, STARTS_WITHIN_MS);
      if (!ADDRESS.test(printed())) throw new Error('It ended without an address.');
    } catch (error) {
      await stop();
      throw new Error(printed(), { cause: error });
    }
    const url = ADDRESS.exec(printed())?.[0] ?? '';
    return { url, output: printed, [Symbol.asyncDispose]: stop };
  }

  /** The paths of all copies of a package that were installed. */
  async copiesOf(packageName: string): Promise<string[]> {
    const files = await readdir(join(this.dir, 'node_modules'), { recursive: true });
    return files.filter((file) => `/${file}`.endsWith(`/${packageName}/package.json`));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const report = process.env['APPS_REPORT'];
    const { name, versions } = this;
    if (report) appendFileSync(report, `${JSON.stringify({ name, versions, seconds: this.#seconds })}\n`);
    await rm(this.dir, { recursive: true, force: true, maxRetries: 3 });
  }
}

async function manifestsIn(dir: string): Promise<string[]> {
  const files = await readdir(dir, { recursive: true });
  return files.filter((file) => basename(file) === 'package.json').map((file) => join(dir, file));
}

/** Has npm install all applications of a folder at once. The scripts of packages that may run are asked for at the root. */
async function makeWorkspaces(dir: string): Promise<void> {
  const allowScripts = {};
  for (const file of await manifestsIn(dir)) {
    const { allowScripts: allowed, ...manifest } = JSON.parse(await readFile(file, 'utf8'));
    Object.assign(allowScripts, allowed);
    await writeFile(file, JSON.stringify(manifest));
  }
  const root = { name: 'together', private: true, workspaces: ['*'], allowScripts };
  await writeFile(join(dir, 'package.json'), JSON.stringify(root));
}

/** Changes which versions a package.json asks for, of the packages that are its dependencies. */
async function askFor(file: string, versions: Readonly<Record<string, string>>): Promise<void> {
  const manifest = JSON.parse(await readFile(file, 'utf8')) as { dependencies?: Record<string, string> };
  const names = Object.keys(manifest.dependencies ?? {}).filter((name) => name in versions);
  const dependencies = {
    ...manifest.dependencies,
    ...Object.fromEntries(names.map((name) => [name, versions[name]])),
  };
  await writeFile(file, JSON.stringify({ ...manifest, dependencies }));
}

async function versionsIn(dir: string): Promise<Record<string, string>> {
  const read = async (...path: string[]) => JSON.parse(await readFile(join(dir, ...path), 'utf8'));
  const { dependencies, devDependencies } = await read('package.json');
  const names = Object.keys({ ...dependencies, ...devDependencies });
  const versions = names.map(async (name) => [
    name,
    (await read('node_modules', name, 'package.json')).version,
  ]);
  return Object.fromEntries(await Promise.all(versions));
}

function refuseWarnings(what: string, output: string): void {
  const warnings = warningsIn(output);
  if (warnings.length > 0) throw new Error(`${what} warns:\n${warnings.join('\n')}`);
}

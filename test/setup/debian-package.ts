import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** Runs apt-get or apt-cache with lists and a cache of its own: it needs no root, and changes nothing on the machine. */
export type Apt = (command: 'apt-get' | 'apt-cache', ...args: string[]) => string;

/**
 * Unpacks Debian's packages into `<cache>/root`. Into a directory of its own first, then moved: two runs at once do not
 * meet half an installation.
 *
 * @param bin the file that is wanted; another run may have been first, and its installation is as good
 * @param choose the packages, asked for when the lists are here
 * @throws what apt failed with
 */
export function unpackDebianPackages(
  cache: string,
  bin: string,
  choose: (apt: Apt) => readonly string[],
): void {
  const dir = `${cache}.${process.pid}`;
  const inDir = (path: string) => join(dir, path);
  const apt: Apt = (command, ...args) => {
    const settings = [
      `Dir::State::lists=${inDir('lists')}`,
      `Dir::Cache=${inDir('cache')}`,
      'APT::Sandbox::User=',
      'Debug::NoLocking=1',
    ];
    return execFileSync(command, [...settings.flatMap((setting) => ['-o', setting]), ...args], {
      cwd: inDir('debs'),
      encoding: 'utf8',
      stdio: 'pipe',
    });
  };
  try {
    for (const path of ['lists/partial', 'cache/archives/partial', 'debs', 'root']) {
      mkdirSync(inDir(path), { recursive: true });
    }
    apt('apt-get', '-qq', 'update');
    apt('apt-get', '-qq', 'download', ...choose(apt));
    for (const deb of readdirSync(inDir('debs'))) {
      execFileSync('dpkg-deb', ['-x', inDir(`debs/${deb}`), inDir('root')]);
    }
    for (const path of ['lists', 'cache', 'debs']) rmSync(inDir(path), { recursive: true });
    renameSync(dir, cache);
  } catch (error) {
    rmSync(dir, { recursive: true, force: true });
    if (!existsSync(bin)) throw error;
  }
}

/** Packages that the machine lacks for others, these included. @throws what apt failed with */
export function missingPackages(apt: Apt, ...names: string[]): string[] {
  const plan = apt('apt-get', '-s', '--no-install-recommends', 'install', ...names);
  return [...plan.matchAll(/^Inst (\S+)/gm)].map(([, name = '']) => name);
}

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** A redis-server that runs here, and the environment it needs to. */
export interface RedisBinary {
  bin: string;
  env: Record<string, string>;
}

const OLDEST_MAJOR = 7;
const CACHE = join(import.meta.dirname, '../../node_modules/.cache/redis');
const PACKAGES = ['redis-server', 'redis-tools', 'libjemalloc2', 'liblzf1', 'libatomic1'];
const LIBRARIES = ['x86_64-linux-gnu', 'aarch64-linux-gnu'].map((arch) => join(CACHE, 'root/usr/lib', arch));

/**
 * `$REDIS_SERVER`, else one in PATH, else Debian's own package unpacked below node_modules/.cache: it needs no
 * root and installs nothing on the machine.
 * @throws when there is none and none can be had; the message says what to do
 */
export function ensureRedis(): RedisBinary {
  const inPath = (process.env['PATH'] ?? '')
    .split(delimiter)
    .flatMap((dir) => [join(dir, 'redis-server'), join(dir, 'valkey-server')]);
  for (const bin of [process.env['REDIS_SERVER'], ...inPath]) {
    if (bin && majorOf({ bin, env: {} }) >= OLDEST_MAJOR) return { bin, env: {} };
  }
  const unpacked: RedisBinary = {
    bin: join(CACHE, 'root/usr/bin/redis-server'),
    env: { LD_LIBRARY_PATH: LIBRARIES.join(delimiter) },
  };
  if (!existsSync(unpacked.bin)) unpackDebianPackage(unpacked.bin);
  if (majorOf(unpacked) < OLDEST_MAJOR) throw new Error(`${unpacked.bin} does not run here. ${ADVICE}`);
  return unpacked;
}

const ADVICE = `Install Redis ${OLDEST_MAJOR} or newer, or point REDIS_SERVER at one.`;

/** 0 when it does not run. */
function majorOf({ bin, env }: RedisBinary): number {
  if (!existsSync(bin)) return 0;
  try {
    const version = execFileSync(bin, ['--version'], {
      encoding: 'utf8',
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return Number(/v=(\d+)/.exec(version)?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/** Into a directory of its own first, then moved: two runs at once do not meet half an installation. */
function unpackDebianPackage(bin: string): void {
  const dir = `${CACHE}.${process.pid}`;
  const inDir = (path: string) => join(dir, path);
  const apt = (...args: string[]) => {
    const settings = [
      `Dir::State::lists=${inDir('lists')}`,
      `Dir::Cache=${inDir('cache')}`,
      'APT::Sandbox::User=',
      'Debug::NoLocking=1',
    ];
    execFileSync('apt-get', ['-qq', ...settings.flatMap((setting) => ['-o', setting]), ...args], {
      cwd: inDir('debs'),
      stdio: 'pipe',
    });
  };
  try {
    for (const path of ['lists/partial', 'cache/archives/partial', 'debs', 'root']) {
      mkdirSync(inDir(path), { recursive: true });
    }
    apt('update');
    apt('download', ...PACKAGES);
    for (const deb of readdirSync(inDir('debs'))) {
      execFileSync('dpkg-deb', ['-x', inDir(`debs/${deb}`), inDir('root')]);
    }
    for (const path of ['lists', 'cache', 'debs']) rmSync(inDir(path), { recursive: true });
    renameSync(dir, CACHE);
  } catch (error) {
    rmSync(dir, { recursive: true, force: true });
    // Another run may have been first; its installation is as good.
    if (!existsSync(bin)) {
      throw new Error(`No redis-server in PATH, and Debian's could not be fetched. ${ADVICE}`, {
        cause: error,
      });
    }
  }
}

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { unpackDebianPackages } from './debian-package.ts';

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
  if (!existsSync(unpacked.bin)) {
    try {
      unpackDebianPackages(CACHE, unpacked.bin, () => PACKAGES);
    } catch (cause) {
      throw new Error(`No redis-server in PATH, and Debian's could not be fetched. ${ADVICE}`, { cause });
    }
  }
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

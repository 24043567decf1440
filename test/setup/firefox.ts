import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { unpackDebianPackages } from './debian-package.ts';

const CACHE = join(import.meta.dirname, '../../node_modules/.cache/firefox');
const LIBRARIES = ['x86_64-linux-gnu', 'aarch64-linux-gnu'].map((arch) => join(CACHE, 'root/usr/lib', arch));

interface FirefoxBinary {
  bin: string;
  env: Record<string, string>;
}

/**
 * `$FIREFOX`, else the machine's own, else Debian's `firefox-esr`, unpacked below node_modules/.cache with the libraries
 * that the machine lacks.
 * @returns the binary, or why there is none
 */
function findFirefox(): FirefoxBinary | string {
  const dirs = (process.env['PATH'] ?? '').split(delimiter);
  const own = dirs.flatMap((dir) => ['firefox-esr', 'firefox'].map((name) => join(dir, name)));
  for (const bin of [process.env['FIREFOX'], ...own]) if (bin && existsSync(bin)) return { bin, env: {} };
  const bin = join(CACHE, 'root/usr/lib/firefox-esr/firefox-esr');
  try {
    if (!existsSync(bin)) {
      unpackDebianPackages(CACHE, bin, (apt) => {
        const plan = apt('apt-get', '-s', '--no-install-recommends', 'install', 'firefox-esr');
        return [...plan.matchAll(/^Inst (\S+)/gm)].map(([, name = '']) => name);
      });
    }
  } catch {
    return 'no firefox in PATH, and Debian’s cannot be fetched';
  }
  return { bin, env: { LD_LIBRARY_PATH: LIBRARIES.join(delimiter) } };
}

let found: FirefoxBinary | string | undefined;

/** Looks for a Firefox, and fetches one where there is none. @returns why there is none; null where there is one */
export function noFirefox(): string | null {
  found ??= findFirefox();
  return typeof found === 'string' ? found : null;
}

/**
 * Opens an address in a headless Firefox of its own, which is nobody's to drive: the page does its work by itself.
 * @returns ends the browser
 */
export async function openFirefox(url: string): Promise<() => Promise<void>> {
  const reason = noFirefox();
  if (typeof found !== 'object') throw new Error(`No Firefox: ${reason}`);
  const { bin, env } = found;
  const home = await mkdtemp(join(tmpdir(), 'psyche-firefox-'));
  const args = ['--headless', '--no-remote', '--profile', home, url];
  const child = spawn(bin, args, { env: { ...process.env, ...env, HOME: home }, stdio: 'ignore' });
  const ended = once(child, 'exit');
  return async () => {
    child.kill();
    const stubborn = setTimeout(() => child.kill('SIGKILL'), 5000);
    await ended;
    clearTimeout(stubborn);
    await rm(home, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  };
}

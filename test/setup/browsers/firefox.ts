import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { missingPackages, unpackDebianPackages } from '../debian-package.ts';
import { type CloseBrowser, openBrowser } from './open-browser.ts';

const CACHE = join(import.meta.dirname, '../../../node_modules/.cache/firefox');
const LIBRARIES = ['x86_64-linux-gnu', 'aarch64-linux-gnu'].map((arch) => join(CACHE, 'root/usr/lib', arch));

interface FirefoxBinary {
  bin: string;
  env: Record<string, string>;
}

/**
 * `$FIREFOX`, else the machine's own, else Debian's `firefox-esr`, unpacked below node_modules/.cache with the libraries
 * that the machine lacks.
 * @throws Error where there is none
 */
function findFirefox(): FirefoxBinary {
  const dirs = (process.env['PATH'] ?? '').split(delimiter);
  const own = dirs.flatMap((dir) => ['firefox-esr', 'firefox'].map((name) => join(dir, name)));
  for (const bin of [process.env['FIREFOX'], ...own]) if (bin && existsSync(bin)) return { bin, env: {} };
  const bin = join(CACHE, 'root/usr/lib/firefox-esr/firefox-esr');
  if (!existsSync(bin)) unpackDebianPackages(CACHE, bin, (apt) => missingPackages(apt, 'firefox-esr'));
  return { bin, env: { LD_LIBRARY_PATH: LIBRARIES.join(delimiter) } };
}

let found: FirefoxBinary | undefined;

/** Opens an address in a headless Firefox of its own. @throws Error where there is none, and Debian's cannot be fetched */
export async function openFirefox(url: string): Promise<CloseBrowser> {
  found ??= findFirefox();
  const { bin, env } = found;
  return openBrowser((home) => [bin, '--headless', '--no-remote', '--profile', home, url], env);
}

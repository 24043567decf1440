/**
 * Removes from `dist` what a source was compiled to that is gone, so that no package carries it. It runs after the
 * compiler, which by then knows that the source is gone: should it come back, it is compiled once more.
 */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const DIST = join(ROOT, 'dist');

for (const path of readdirSync(DIST, { recursive: true })) {
  const [, source] = /^(.+?)(?:\.d\.ts|\.js)$/.exec(path) ?? [];
  if (source === undefined || /^dashboard[\\/]/.test(path)) continue; // the page is made anew as a whole
  const isKept = ['.ts', '.tsx'].some((ending) => existsSync(join(ROOT, source + ending)));
  if (!isKept) rmSync(join(DIST, path));
}

import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';

const bench = join(import.meta.dirname, '..');

/**
 * Compiles what the measured processes run with the project's own compiler and settings. A loader that compiles on
 * the fly adds helpers of its own to every function, and those would be measured too.
 */
export function build(): void {
  rmSync(join(bench, 'dist'), { recursive: true, force: true });
  const tsc = join(bench, '../node_modules/.bin/tsc');
  execFileSync(tsc, ['-p', join(bench, 'tsconfig.json')], { stdio: 'inherit' });
}

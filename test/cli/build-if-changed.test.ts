import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, inject, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const SOURCES = ['shared', 'server', 'cli', 'dashboard'];
/** In place of the build, which takes seconds: it counts itself, and writes only what its own stamp does not have. */
const BUILD = `import { appendFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
appendFileSync('builds', '1');
if (!existsSync('dist/.tsbuildinfo')) {
  for (const folder of ['dist/cli', 'dist/dashboard']) mkdirSync(folder, { recursive: true });
  for (const file of ['.tsbuildinfo', 'cli/main.js', 'dashboard/index.html']) writeFileSync('dist/' + file, '');
}`;

/** A project like this one, whose build is quick. */
function project() {
  const root = join(inject('runDirectory'), 'build-if-changed');
  const at = (path: string): string => join(root, path);
  for (const folder of [...SOURCES, 'scripts']) mkdirSync(at(folder), { recursive: true });
  for (const folder of SOURCES) writeFileSync(at(`${folder}/index.ts`), '');
  for (const file of ['package-lock.json', 'tsconfig.json', 'vite.config.ts']) writeFileSync(at(file), '{}');
  writeFileSync(at('tsconfig.build.json'), JSON.stringify({ include: SOURCES.slice(0, -1) }));
  writeFileSync(at('package.json'), JSON.stringify({ scripts: { build: 'node scripts/build.mjs' } }));
  writeFileSync(at('scripts/build.mjs'), BUILD);
  const script = at('scripts/build-if-changed.mjs');
  copyFileSync(join(ROOT, 'scripts/build-if-changed.mjs'), script);
  const start = (): number => {
    execFileSync(process.execPath, [script], { cwd: root });
    return readFileSync(at('builds'), 'utf8').length;
  };
  return { at, start };
}

test('npm start builds once, again after an edit and where what was built is gone, not for an editor’s lock', {
  timeout: 120_000,
}, () => {
  const { at, start } = project();
  expect([start(), start()]).toEqual([1, 1]);
  writeFileSync(at('dashboard/index.ts'), 'export {};');
  expect([start(), start()]).toEqual([2, 2]);
  symlinkSync('someone@machine.1:2', at('cli/.#main.ts'));
  expect(start()).toBe(2);
  rmSync(at('dist/cli'), { recursive: true });
  expect([start(), start()]).toEqual([3, 3]);
  expect(readFileSync(at('dist/cli/main.js'), 'utf8')).toBe('');
});

import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';
import { bundle } from '../setup/bundle.ts';
import { DOORS } from './doors.ts';
import { ROOT, type Snippet, snippets } from './snippets.ts';

const run = promisify(execFile);

/** A directory of the project, so that its packages are found; removed when the tests end. */
const DIRECTORY = join(import.meta.dirname, '.snippets');
const TSCONFIG = join(DIRECTORY, 'tsconfig.json');

const found = snippets('ts', 'tsx');

rmSync(DIRECTORY, { recursive: true, force: true });
mkdirSync(DIRECTORY);
writeFileSync(join(DIRECTORY, 'control.ts'), "manager.publish('agent_message', { message: 7 });");
for (const snippet of found) writeFileSync(join(DIRECTORY, fileOf(snippet)), sourceOf(snippet));
writeFileSync(TSCONFIG, JSON.stringify(tsconfig()));
afterAll(() => rmSync(DIRECTORY, { recursive: true, force: true }));

function fileOf({ place, language }: Snippet): string {
  return `${place.replace(/[/.]/g, '-').replace(':', '-line-')}.${language}`;
}

/** A module of its own; an event's type written out must be the one that its schema gives. */
function sourceOf({ code }: Snippet): string {
  const [, name, event] = /^interface (\w+) \{\s+event_type: '(\w+)'/.exec(code) ?? [];
  const check = `
    type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;
    export const same: Same<${name}, import('psyche-events').EventOf<'${event}'>> = true;`;
  return `${code}\nexport {};${name === undefined ? '' : check}\n`;
}

function tsconfig() {
  return {
    extends: join(ROOT, 'tsconfig.json'),
    compilerOptions: { paths: DOORS, noUnusedLocals: false },
    include: ['*', '../prelude.d.ts'],
  };
}

test('every snippet of the documents compiles against the doors; control: a wrong snippet does not', {
  timeout: 120_000,
}, async () => {
  expect(existsSync(join(ROOT, 'dist')), 'what was built is tested: npm run build').toBe(true);
  expect(found.length).toBeGreaterThan(20);
  const tsc = join(ROOT, 'node_modules/.bin/tsc');
  const { stdout } = await run(tsc, ['-p', TSCONFIG]).catch((failed: { stdout: string }) => failed);
  const errors = stdout.split('\n').filter((line) => line.includes(': error '));
  expect(errors).toEqual([expect.stringContaining('control.ts')]);
});

test.each(found.filter(({ prints }) => prints !== undefined))(
  '$place prints what the document says',
  { timeout: 120_000 },
  async (snippet) => {
    const program = bundle(join(DIRECTORY, fileOf(snippet)));
    expect((await run(process.execPath, [program], { cwd: ROOT })).stdout).toBe(snippet.prints);
  },
);

import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { bundle } from '../../setup/bundle.ts';
import { ROOT } from '../snippets.ts';

const run = promisify(execFile);
const FOLDER = join(ROOT, 'docs/migrate');
const read = (file: string) => readFileSync(join(FOLDER, file), 'utf8');

/** The two files that a page's diff is of; the diff has them whole. */
function sidesOf(page: string): { before: string; after: string } {
  const [, diff = ''] = /^```diff\n(.*?)^```$/ms.exec(read(page)) ?? [];
  const lines = diff.split('\n').slice(0, -1);
  const side = (mark: string) =>
    lines.flatMap((line) => (line.startsWith(mark) || line.startsWith(' ') ? [`${line.slice(1)}\n`] : []));
  return { before: side('-').join(''), after: side('+').join('') };
}

test.each([
  ['trpc', 'ts'],
  ['socket-io', 'ts'],
  ['python', 'py'],
])('the diff on the page %s is that of its two programs', (page, language) => {
  // After a change: diff -U1000 before.ts after.ts, without its first three lines.
  expect(sidesOf(`${page}.md`)).toEqual({
    before: read(`${page}/before.${language}`),
    after: read(`${page}/after.${language}`),
  });
});

async function output(program: string): Promise<string[]> {
  const { stdout } = await run(process.execPath, [bundle(program, 'external')], {
    cwd: ROOT,
    timeout: 60_000,
  });
  return stdout.trim().split('\n');
}

test.each(['trpc', 'socket-io'])(
  'from %s: the program before loses an order, the one after does not',
  async (page) => {
    expect(await output(join(FOLDER, page, 'before.ts'))).toEqual(['tea', 'milk']);
    expect(await output(join(FOLDER, page, 'after.ts'))).toEqual(['tea', 'bread', 'milk']);
  },
);

test('control: Socket.IO with its recovery of the connection loses nothing in that program, as the page says', async () => {
  const source = read('socket-io/before.ts');
  const recovering = source.replace('>(http)', '>(http, { connectionStateRecovery: {} })');
  expect(recovering).not.toBe(source);
  const program = join(ROOT, 'node_modules/.cache/recovering.ts');
  writeFileSync(program, recovering);
  expect(await output(program)).toEqual(['tea', 'bread', 'milk']);
});

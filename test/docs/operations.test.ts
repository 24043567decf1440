import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadConfig, SERVER_VARIABLES } from '../../server/index.ts';
import { ROOT, snippets } from './snippets.ts';

const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

test('each variable of a server is in docs/operations.md', () => {
  const text = read('docs/operations.md');
  // WORKER is what those that WORKERS starts are told.
  const missing = SERVER_VARIABLES.filter((name) => name !== 'WORKER' && !text.includes(`\`${name}\``));
  expect(missing).toEqual([]);
});

test('the keys that docs/operations.md shows are accepted', () => {
  const shown = snippets('json').filter(
    ({ place, code }) => place.startsWith('docs/operations') && code.startsWith('['),
  );
  expect(shown).toHaveLength(1);
  const { authApiKeys } = loadConfig({}, { AUTH_API_KEYS: shown[0]?.code });
  expect(authApiKeys.map(({ id }) => id)).toEqual(['dashboard', 'agents']);
});

/** `access/expiry`: make before break; all → the file, and what is said of it. */
function proofsOf(cell: string): { file: string; titles: string[] }[] {
  return [...cell.matchAll(/`([a-z-]+(?:\/[a-z-]+)+)`(?:: ((?:(?!; `[a-z-]+\/).)*))?/g)].map(
    ({ 1: file = '', 2: said = 'all' }) => ({
      file: `test/${file}.test.ts`,
      titles: said
        .replace(/ \(.*\)|, (from a real page )?in Chromium.*/, '')
        .split('; ')
        .map((title) => title.trim()),
    }),
  );
}

describe('the proofs in SECURITY', () => {
  const rows = read('SECURITY.md')
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('| threat'))
    .map((line) => line.slice(2, -2).split(' | '));

  test('exist for each threat', () => {
    expect(rows.length).toBeGreaterThan(30);
    expect(rows.filter((cells) => proofsOf(cells[2] ?? '').length === 0)).toEqual([]);
  });

  test.each(rows)('name existing tests: %s', (_threat, _defence, proof = '') => {
    const missing = proofsOf(proof).flatMap(({ file, titles }) => {
      if (!existsSync(join(ROOT, file))) return [file];
      const source = read(file).toLowerCase();
      return titles.filter((title) => title !== 'all' && !source.includes(title.toLowerCase()));
    });
    expect(missing).toEqual([]);
  });
});

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadConfig, SERVER_VARIABLES } from '../../server/index.ts';
import { RESPONDER_VARIABLES } from '../../simulation/index.ts';
import { ROOT, snippets } from './snippets.ts';

const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

test('each variable of a server is in docs/operations.md', () => {
  const text = read('docs/operations.md');
  // WORKER is what those that WORKERS starts are told.
  const missing = SERVER_VARIABLES.filter((name) => name !== 'WORKER' && !text.includes(`\`${name}\``));
  expect(missing).toEqual([]);
});

/** Names that a pattern finds in the source of a folder. */
const namesIn = (folder: string, pattern: RegExp): string[] =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => [...read(join(folder, file)).matchAll(pattern)].map(([, name = '']) => name));

test('each variable of a command, and of the model of the simulation, is in docs/operations.md', () => {
  const names = [...namesIn('cli', /\.env\('([A-Z_]+)'\)/g), ...RESPONDER_VARIABLES];
  expect(names).toContain('PSYCHE_TOKEN');
  const text = read('docs/operations.md');
  expect(names.filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
});

test('each metric is in docs/operations/telemetry.md', () => {
  const names = namesIn('server/metrics', /'(psyche_[a-z_]+)'/g);
  expect(names.length).toBeGreaterThan(20);
  const text = read('docs/operations/telemetry.md');
  expect(names.filter((name) => !new RegExp(`\`${name}\\b`).test(text))).toEqual([]);
});

test.each([
  ['server/event-manager/event-manager-options.ts', 'docs/guide/parts.md'],
  ['server/broadcaster/core/option-names.ts', 'docs/guide/parts.md'],
  ['server/broker/redis/redis-broker.ts', 'docs/guide/replay.md'],
  ['server/broker/sqlite/sqlite-options.ts', 'docs/guide/replay.md'],
  ['server/broker/retention/retention.ts', 'docs/guide/replay.md'],
  ['server/access/access-context.ts', 'docs/guide/access.md'],
])('each option of %s is in %s', (source, page) => {
  // Options that tRPC documents, and `live`, which is for those who write a transport.
  const elsewhere = ['allowBatching', 'allowMethodOverride', 'batching', 'maxBatchSize', 'live'];
  const rare = [
    'dangerouslyDisablePong',
    'experimental_encoder',
    'router',
    'server',
    'sessions',
    'authenticate',
  ];
  const names = [...read(source).matchAll(/^ +(\w+): 1,$/gm)].map(([, name = '']) => name);
  expect(names.length).toBeGreaterThan(3);
  const text = read(page);
  const missing = names.filter((name) => !new RegExp(`\`${name}\\b`).test(text));
  expect(missing.filter((name) => ![...elsewhere, ...rare].includes(name))).toEqual([]);
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

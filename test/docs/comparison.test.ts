import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { withTables } from '../../bench/promises/page.ts';

test('docs/comparison.md has the results that bench/promises measured', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/comparison.md'), 'utf8');
  expect(page).toBe(withTables(page));
  expect(page).toContain('| psyche-events | nothing lost |');
});

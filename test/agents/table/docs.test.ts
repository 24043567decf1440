import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tableInWords } from './words.ts';

test('docs/agents.md has the table of the cells', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/agents.md'), 'utf8');
  const [, table] = /<!-- table: [^\n]+ -->\n\n(.*?)\n\n/s.exec(page) ?? [];
  expect(table).toBe(tableInWords());
});

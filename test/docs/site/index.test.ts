import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { PAGES } from '../../../docs/.vitepress/pages.ts';
import { MADE } from '../../../scripts/document-index.ts';
import { DOCUMENTS, ROOT } from '../snippets.ts';

const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');

test.each(Object.entries(MADE))(
  '%s is of the headings that the documents have; npm run index writes it',
  (file, text) => {
    expect(read(file)).toBe(text());
  },
);

test('llms.txt has each document of the package once', () => {
  const linked = [...read('llms.txt').matchAll(/^- \[[^\]]+\]\(([^)]+)\)(?:: .{10,}\.)?$/gm)].map(
    ([, file]) => file,
  );
  const isLeftOut = (file: string) => ['docs/README.md', 'CONTRIBUTING.md'].includes(file); // the second is not in the package
  expect(linked.toSorted()).toEqual(
    [...DOCUMENTS, 'bench/RESULTS.md'].filter((file) => !isLeftOut(file)).toSorted(),
  );
});

test('each document has a place in the menu of the site, whose pages exist', () => {
  expect([...PAGES].sort()).toEqual([...new Set([...DOCUMENTS, ...PAGES])].sort());
  expect(PAGES.filter((page) => !existsSync(join(ROOT, page)))).toEqual([]);
});

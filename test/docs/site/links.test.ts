import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { anchorOf } from '../../../docs/.vitepress/links.ts';
import { proseOf } from '../../../scripts/document-index.ts';
import { packed } from '../../setup/packed.ts';
import { DOCUMENTS, ROOT } from '../snippets.ts';

/** The anchors of a document's headings, as GitHub makes them. */
const anchorsOf = (file: string): string[] =>
  [...proseOf(file).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => anchorOf(heading));

/** The places in the project that a document links to. */
function targetsOf(document: string): string[] {
  return [...proseOf(document).matchAll(/\]\(([^)\s#]+)(?:#[^)\s]*)?\)/g)]
    .map(([, link = '']) => link)
    .filter((link) => !/^https?:/.test(link))
    .map((link) => join(dirname(document), link));
}

test('links of the documents in the package lead somewhere in the package', async () => {
  const { files } = await packed();
  const broken = DOCUMENTS.filter((document) => files.includes(document)).flatMap((document) =>
    targetsOf(document)
      .filter((target) => !files.some((path) => path === target || path.startsWith(`${target}/`)))
      .map((target) => `${document} → ${target}`),
  );
  expect(files).toContain('README.md');
  expect(broken).toEqual([]);
});

test('the package has the types of its doors, and none of rooms that have no door', async () => {
  const { files } = await packed();
  expect(files).toEqual(expect.arrayContaining(['dist/server/index.d.ts', 'dist/conformance/index.js']));
  expect(files.filter((file) => /^dist\/(cli|conformance|verify)\/.*\.d\.ts$/.test(file))).toEqual([]);
});

test.each(DOCUMENTS)('the links of %s lead somewhere in the project', (document) => {
  const links = [...proseOf(document).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
  const broken = links.filter((link) => {
    if (/^https?:/.test(link)) return false;
    const [path = '', anchor] = link.split('#');
    const file = path === '' ? document : join(dirname(document), path);
    if (!existsSync(join(ROOT, file))) return true;
    return anchor !== undefined && !anchorsOf(file).includes(anchor);
  });
  expect(broken).toEqual([]);
});

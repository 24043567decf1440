import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, normalize } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PAGES } from '../../../docs/.vitepress/pages.ts';
import { ROOT } from '../snippets.ts';

/** The site, built into a folder of its own. */
let site = '';
beforeAll(async () => {
  site = await mkdtemp(join(tmpdir(), 'psyche-site-'));
  const vitepress = join(ROOT, 'node_modules/vitepress/bin/vitepress.js');
  await promisify(execFile)(process.execPath, [vitepress, 'build', 'docs', '--outDir', site], { cwd: ROOT });
}, 600_000);
afterAll(() => rm(site, { recursive: true, force: true }));

const htmlOf = (page: string): string =>
  page.replace('README.md', page === 'README.md' ? 'index.html' : 'README.html').replace(/\.md$/, '.html');
const read = (file: string): string => readFileSync(join(site, file), 'utf8');

/** Ids of a page's elements. */
const idsOf = (file: string): Set<string> =>
  new Set([...read(file).matchAll(/ id="([^"]+)"/g)].map(([, id = '']) => id));

test('each page of the menu is a page of the site, with its Markdown beside it', () => {
  for (const page of PAGES) {
    expect(read(page), page).toBe(readFileSync(join(ROOT, page), 'utf8'));
    expect(read(htmlOf(page)), page).toContain('<h1');
  }
});

test('each link and image of the site leads to a page, to a place on it or to a file', () => {
  const broken = PAGES.flatMap((page) => {
    const from = htmlOf(page);
    const links = [...read(from).matchAll(/<(?:a|img|source)\b[^>]*? (?:href|src|srcset)="([^"]+)"/g)];
    return links.flatMap(([, link = '']) => {
      if (/^\w+:/.test(link)) return [];
      const [path = '', anchor] = decodeURI(link).split('#');
      const file = fileAt(path === '' ? `/${from}` : path, from);
      if (file === undefined) return [`${page} → ${link}`];
      return anchor && file.endsWith('.html') && !idsOf(file).has(anchor) ? [`${page} → ${link}`] : [];
    });
  });
  expect([...new Set(broken)]).toEqual([]);
});

/** The file that a path of the site is served from. */
function fileAt(path: string, page: string): string | undefined {
  const plain = normalize(path.startsWith('/') ? path.slice(1) : join(dirname(page), path));
  return ['', '.html', 'index.html', '/index.html']
    .map((end) => (plain === '.' ? end : plain + end))
    .find((file) => file !== '' && existsSync(join(site, file)) && /\.\w+$/.test(file));
}

test('the site has llms.txt at its root', () => {
  expect(read('llms.txt')).toBe(readFileSync(join(ROOT, 'llms.txt'), 'utf8'));
});

test('the search finds a word of a page', () => {
  const index = readdirSync(join(site, 'assets/chunks')).find((name) => name.includes('localSearchIndex'));
  expect(index).toBeDefined();
  expect(read(`assets/chunks/${index}`)).toContain('fingerprint');
});

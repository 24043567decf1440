import { cpSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { defineConfig } from 'vitepress';
import { anchorOf, asText, linked, ROOT, siteLink } from './links.ts';
import { PAGES, SECTIONS } from './pages.ts';

/** The documents of the project as a site: `npm run docs` serves it, `npm run docs:build` builds it. */
// biome-ignore lint/style/noDefaultExport: what VitePress reads
export default defineConfig({
  title: 'psyche-events',
  description:
    'Live, typed events over tRPC: publish once, and every subscriber sees it in order, once, and is told when that was not possible.',
  srcDir: '..',
  srcExclude: ['{create,dist}/**', '.github/**'],
  rewrites: { 'README.md': 'index.md' },
  cleanUrls: true,
  vite: { configFile: false },
  vue: { template: { transformAssetUrls: false } }, // images are copied as they are
  markdown: {
    anchor: { slugify: anchorOf },
    theme: { light: 'github-light-high-contrast', dark: 'github-dark-high-contrast' },
    config(markdown) {
      markdown.core.ruler.push('links', ({ tokens, env }) => {
        for (const token of tokens.flatMap(({ children }) => children ?? [])) {
          if (token.type !== 'link_open') continue;
          token.attrs = siteLink(token.attrGet('href') ?? '', env.relativePath) ?? token.attrs;
        }
      });
    },
  },
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    sidebar: SECTIONS.map(({ title, pages }) => ({
      text: title,
      items: pages.map(([text, file]) => ({
        text,
        link: `/${file === 'README.md' ? '' : file.replace(/\.md$/, '')}`,
      })),
    })),
  },
  /** Puts the Markdown of each page beside it, and the files that pages link to. */
  buildEnd({ outDir }) {
    for (const file of [...PAGES, ...linked, 'docs/images']) {
      const to = join(outDir, linked.has(file) ? asText(file) : file);
      mkdirSync(dirname(to), { recursive: true });
      cpSync(join(ROOT, file), to, { recursive: true });
    }
  },
});

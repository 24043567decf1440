import { existsSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

/** The folder of the project. */
export const ROOT = join(import.meta.dirname, '../..');

/** Attributes of a link. */
type Attributes = [name: string, value: string][];

/** Files of the project that pages link to, and that are no pages: each lies beside them as text. */
export const linked = new Set<string>();

/** The anchor of a heading, as the links of the documents have it. */
export function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}

/** The name under which a file lies on the site, so that a browser shows it. */
export const asText = (file: string): string => (file.endsWith('.txt') ? file : `${file}.txt`);

/** A link of a document as the site has it; undefined where it is the same. @param page the document */
export function siteLink(href: string, page: string): Attributes | undefined {
  if (/^(\w+:|#|\/)/.test(href)) return undefined;
  const [path = '', anchor] = normalize(join(dirname(page), href)).split('#');
  if (path === 'README.md') return [['href', anchor === undefined ? '/' : `/#${anchor}`]];
  const file = join(ROOT, path);
  if (path.endsWith('.md') || !existsSync(file)) return undefined;
  if (statSync(file).isDirectory()) return []; // a name, and no link
  linked.add(path);
  return [
    ['href', `/${asText(path)}`],
    ['target', '_blank'],
  ];
}

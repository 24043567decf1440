import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const ROOT = join(import.meta.dirname, '../..');

/** A fenced block of one of the documents. */
export interface Snippet {
  /** Its place, e.g. `docs/guide/parts.md:42`. */
  readonly place: string;
  /** The word after the fence. */
  readonly language: string;
  readonly code: string;
  /** The output that the document shows: the block of `text` that follows. */
  readonly prints: string | undefined;
}

/** The documents of the project, without the copies that a site has which was built here. */
export const DOCUMENTS = [
  ...readdirSync(ROOT).filter((name) => name.endsWith('.md')),
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' }).flatMap((name) =>
    name.endsWith('.md') && !name.startsWith('.vitepress') ? [`docs/${name}`] : [],
  ),
  'examples/README.md',
];

/** All snippets of the documents in some languages. */
export function snippets(...languages: string[]): Snippet[] {
  return DOCUMENTS.flatMap(snippetsOf).filter(({ language }) => languages.includes(language));
}

function snippetsOf(document: string): Snippet[] {
  const text = readFileSync(join(ROOT, document), 'utf8');
  const blocks = [...text.matchAll(/^```(\w*)\n(.*?)^```$/gms)];
  return blocks.map(({ 1: language = '', 2: code = '', index }, block) => {
    const [, after, output] = blocks[block + 1] ?? [];
    return {
      place: `${document}:${text.slice(0, index).split('\n').length}`,
      language,
      code,
      prints: after === 'text' ? output : undefined,
    };
  });
}

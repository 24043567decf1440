/** The documents of the package, in the order of README's table, with their headings: made into llms.txt and docs/README.md. */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

const FIRST = 'README.md';
/** Documents for those who work on the project, or have an earlier version of it. */
const LAST = ['ARCHITECTURE.md', 'CHANGELOG.md'];
/** An index of the others. */
const INDEX = 'docs/README.md';

interface Document {
  readonly file: string;
  readonly title: string;
  /** Its first sentence, without formatting. */
  readonly summary: string;
  /** Headings of the second level, without formatting, with their anchors. */
  readonly parts: readonly { readonly title: string; readonly anchor: string }[];
}

/** The anchor of a heading, as GitHub makes it. */
export function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}

/** A document's text without its blocks of code, in which a line may begin with `#`. */
export const proseOf = (file: string): string => read(file).replace(/^```.*?^```$/gms, '');

const plain = (text: string): string => text.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').replace(/[*]/g, '');

function documentOf(file: string): Document {
  const prose = proseOf(file);
  const [, title = file, paragraph = ''] = /^# (.+)\n\n(.+)/m.exec(prose) ?? [];
  const [sentence = ''] = /^.*?[.:](?= |$)/.exec(plain(paragraph)) ?? [];
  const parts = [...prose.matchAll(/^## (.+)$/gm)].map(([, heading = '']) => ({
    title: plain(heading),
    anchor: anchorOf(heading),
  }));
  return { file, title: plain(title), summary: sentence.replace(/:$/, '.'), parts };
}

/** Paths of the documents: README, those in its table, each with the pages of its folder, and the examples. */
function files(): string[] {
  const rows = read(FIRST).match(/^\| \[.*$/gm) ?? [];
  const table = rows.flatMap((row) =>
    [...row.matchAll(/\]\(([\w./-]+\.md)\)/g)].map(([, file = '']) => file),
  );
  const all = readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`)
    .toSorted();
  const below = (file: string) =>
    all.filter((each) => basename(file) === FIRST && each.startsWith(dirname(file)));
  const pages = [FIRST, ...table.flatMap((file) => [file, ...below(file)]), ...all, 'examples/README.md'];
  return [...new Set(pages)].filter((file) => ![INDEX, ...LAST].includes(file));
}

function list(documents: readonly Document[], place: string, parts: boolean): string {
  const to = (file: string) => relative(place, file) || file;
  return documents
    .map(({ file, title, summary, parts: all }) => {
      const lines = all.map((part) => `  - [${part.title}](${to(file)}#${part.anchor})`);
      return [`- [${title}](${to(file)})${summary && `: ${summary}`}`, ...(parts ? lines : [])].join('\n');
    })
    .join('\n');
}

/** The text of llms.txt, as https://llmstxt.org has it: each document is plain Markdown at its address. */
export function llmsText(): string {
  const [promise = ''] = /^\*\*.*?\*\*/m.exec(read(FIRST)) ?? [];
  const [first, ...documents] = files().map(documentOf);
  return `# ${first?.title}

> ${first?.summary} ${plain(promise)}

## Documents

${list([...(first ? [first] : []), ...documents], '', true)}

## Optional

${list(LAST.map(documentOf), '', false)}
`;
}

/** The text of docs/README.md. */
export function indexText(): string {
  const [first, ...documents] = files().map(documentOf);
  return `# Documents

<!-- Written by npm run index, of the headings of the documents. -->

The documents of ${first?.title}, each with its parts. [llms.txt](../llms.txt) is the same list for programs.

${list([...(first ? [first] : []), ...documents], dirname(INDEX), true)}
`;
}

/** Files that are made, with their text. */
export const MADE: Readonly<Record<string, () => string>> = { 'llms.txt': llmsText, [INDEX]: indexText };

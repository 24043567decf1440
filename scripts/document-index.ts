/** Indexes of the documents, made of the site's menu and of the documents' headings: llms.txt and docs/README.md. */
import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { anchorOf } from '../docs/.vitepress/links.ts';
import { SECTIONS } from '../docs/.vitepress/pages.ts';

const ROOT = join(import.meta.dirname, '..');
const FIRST = 'README.md';
const INDEX = 'docs/README.md';
/** Pages of the site that are not in the package. */
const ELSEWHERE = ['CONTRIBUTING.md', 'test/README.md'];

interface Document {
  readonly file: string;
  readonly title: string;
  /** Its first sentence, without formatting. */
  readonly summary: string;
  /** Headings of the second level, without formatting, with their anchors. */
  readonly parts: readonly { readonly title: string; readonly anchor: string }[];
}

/** A document's text without its blocks of code, in which a line may begin with `#`. */
export const proseOf = (file: string): string =>
  readFileSync(join(ROOT, file), 'utf8').replace(/^```.*?^```$/gms, '');

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

/** Sections of documents as lists, with links from a folder. */
function lists(folder: string): string {
  const to = (file: string) => relative(folder, file);
  const item = ({ file, title, summary, parts }: Document) =>
    [
      `- [${title}](${to(file)})${summary && `: ${summary}`}`,
      ...parts.map((part) => `  - [${part.title}](${to(file)}#${part.anchor})`),
    ].join('\n');
  return SECTIONS.map(({ title, pages }) => {
    const files = pages.map(([, file]) => file).filter((file) => ![INDEX, ...ELSEWHERE].includes(file));
    return `## ${title}\n\n${files.map((file) => item(documentOf(file))).join('\n')}\n`;
  }).join('\n');
}

/** The text of llms.txt, as https://llmstxt.org has it: each document is plain Markdown at its address. */
function llmsText(): string {
  const { title, summary } = documentOf(FIRST);
  const [promise = ''] = /^\*\*.*?\*\*/m.exec(proseOf(FIRST)) ?? [];
  return `# ${title}\n\n> ${summary} ${plain(promise)}\n\n${lists('')}`;
}

const indexText = (): string => `# Documents

<!-- Written by npm run index, of the headings of the documents. -->

This page lists the documents and their parts; [llms.txt](../llms.txt) does so for programs.

${lists(dirname(INDEX))}`;

/** Files that are made, with their text. */
export const MADE: Readonly<Record<string, () => string>> = { 'llms.txt': llmsText, [INDEX]: indexText };

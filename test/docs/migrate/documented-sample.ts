import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { AnyTRPCRouter } from '@trpc/server';
import { transformSync } from 'esbuild';
import { ROOT } from '../snippets.ts';

/** The page https://trpc.io/docs/server/subscriptions, as the installed `@trpc/server` brings it. */
const PAGE = join(ROOT, 'node_modules/@trpc/server/skills/subscriptions/SKILL.md');

export interface Post {
  id: string;
  title: string;
}

/** A database as the sample asks it; the test has a say in how long it takes. */
export interface Database {
  post: { findMany(after: string): Promise<Post[]> };
}

/** The sample as a module. */
export interface Sample {
  subRouter: AnyTRPCRouter;
  ee: NodeJS.EventEmitter;
}

/** Changes a text in one place. @throws Error when the page does not have it any more */
function replaced(text: string, from: string | RegExp, to: string): string {
  const changed = text.replace(from, to);
  if (changed === text) throw new Error(`tRPC's page has changed: no ${from}`);
  return changed;
}

/** The sample with `tracked` ids, with its database read, which is a comment there, filled in. */
function filledIn(): string {
  const blocks = [...readFileSync(PAGE, 'utf8').matchAll(/^```ts[^\n]*\n(.*?)^```$/gms)];
  const sample = blocks.map(([, code = '']) => code).find((code) => code.includes('ee.toIterable('));
  if (sample === undefined) throw new Error('tRPC’s page has no such sample any more');
  const read = replaced(
    sample,
    '// const items = await db.post.findMany({ ... })',
    'const items = await db.post.findMany(opts.input.lastEventId);',
  );
  const loop = replaced(read, /\/\/ (for \(const item of items\) \{)/, '$1');
  return replaced(loop, /\/\/ ( {2}yield tracked\(item\.id, item\);)\n\s*\/\/ \}/, '$1\n}');
}

/**
 * The sample of tRPC's page.
 * @param of.age `today`, or `earlier`: the page until 8 March 2026, when
 * https://github.com/trpc/trpc/pull/7193 let the loop read the iterable that was made before the query
 */
export async function documentedSample({
  age,
  db,
}: {
  age: 'today' | 'earlier';
  db: Database;
}): Promise<Sample> {
  const today = filledIn();
  const source =
    age === 'today' ? today : replaced(today, 'of iterable)', "of on(ee, 'add', { signal: opts.signal }))");
  const { code } = transformSync(`${source}\nexport { ee };\nexport function use(it) { db = it; }\nlet db;`, {
    loader: 'ts',
    format: 'esm',
  });
  const file = join(ROOT, `node_modules/.cache/samples/${age}-${process.pid}-${count++}.mjs`);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, code);
  const sample: Sample & { use(it: Database): void } = await import(pathToFileURL(file).href);
  rmSync(file);
  sample.use(db);
  return sample;
}

let count = 0;

import { execFile } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { compile } from 'svelte/compiler';
import { afterAll, expect, test } from 'vitest';
import { compileScript, parse } from 'vue/compiler-sfc';
import { bundle } from '../setup/bundle.ts';
import { DOORS } from './doors.ts';
import { ROOT, type Snippet, snippets } from './snippets.ts';

const run = promisify(execFile);

/** A directory of the project, so that its packages are found; removed when the tests end. */
const DIRECTORY = join(import.meta.dirname, '.snippets');
const TSCONFIG = join(DIRECTORY, 'tsconfig.json');

const found = snippets('ts', 'tsx');

/** Components of the documents and of the examples: place → source. */
const components = (framework: string): [place: string, source: string][] => [
  ...snippets(framework).map(({ place, code }): [string, string] => [place, code]),
  ...readdirSync(join(ROOT, 'examples', framework))
    .filter((name) => name.endsWith(`.${framework}`))
    .map((name): [string, string] => {
      const place = `examples/${framework}/${name}`;
      return [place, readFileSync(join(ROOT, place), 'utf8')];
    }),
];

rmSync(DIRECTORY, { recursive: true, force: true });
mkdirSync(DIRECTORY);
writeFileSync(join(DIRECTORY, 'control.ts'), "manager.publish('agent_message', { message: 7 });");
for (const snippet of found) writeFileSync(join(DIRECTORY, fileOf(snippet)), sourceOf(snippet));
for (const name of ['store.ts', 'use-source.ts', 'vue-files.d.ts'])
  copyFileSync(join(ROOT, 'examples/vue', name), join(DIRECTORY, name));
const WRONG = `<script setup lang="ts">import { store } from './store.ts';</script><template>{{ store.evnts }}</template>`;
for (const [place, source] of [['control-component', WRONG] as const, ...components('vue')])
  writeFileSync(join(DIRECTORY, `${nameOf(place)}.ts`), vueSource(source));
writeFileSync(TSCONFIG, JSON.stringify(tsconfig()));
afterAll(() => rmSync(DIRECTORY, { recursive: true, force: true }));

function fileOf({ place, language }: Snippet): string {
  return `${nameOf(place)}.${language}`;
}

function nameOf(place: string): string {
  return place.replace(/[/.]/g, '-').replace(':', '-line-');
}

/** A Vue component as TypeScript, its template too. What the template has of a ref is a constant, so that a `v-if` narrows it. */
function vueSource(source: string): string {
  const { descriptor, errors } = parse(source);
  if (errors[0]) throw errors[0];
  const { content } = compileScript(descriptor, { id: 'snippet', inlineTemplate: true });
  const names = new Set([...content.matchAll(/_unref\((\w+)\)/g)].map(([, name]) => name));
  const constants = [...names].map((name) => `const $${name} = _unref(${name});`).join('\n');
  return content
    .replace(/_unref\((\w+)\)/g, '$$$1')
    .replace('return (_ctx: any', `${constants}\nreturn (_ctx: any`);
}

/** A module of its own; an event's type written out must be the one that its schema gives. */
function sourceOf({ code }: Snippet): string {
  const [, name, event] = /^interface (\w+) \{\s+event_type: '(\w+)'/.exec(code) ?? [];
  const check = `
    type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;
    export const same: Same<${name}, import('psyche-events').EventOf<'${event}'>> = true;`;
  return `${code}\nexport {};${name === undefined ? '' : check}\n`;
}

function tsconfig() {
  return {
    extends: join(ROOT, 'tsconfig.json'),
    compilerOptions: { paths: DOORS, noUnusedLocals: false },
    include: ['*', '../prelude.d.ts'],
    exclude: [], // the names of the prelude are for snippets alone
  };
}

test('every snippet of the documents compiles against the doors; control: a wrong snippet does not', {
  timeout: 120_000,
}, async () => {
  expect(existsSync(join(ROOT, 'dist')), 'what was built is tested: npm run build').toBe(true);
  expect(found.length).toBeGreaterThan(20);
  const tsc = join(ROOT, 'node_modules/.bin/tsc');
  const { stdout } = await run(tsc, ['-p', TSCONFIG]).catch((failed: { stdout: string }) => failed);
  const errors = stdout.split('\n').filter((line) => line.includes(': error '));
  expect(errors).toEqual([
    expect.stringContaining('control-component.ts'),
    expect.stringContaining('control.ts'),
  ]);
});

test.each(components('svelte'))('the component %s compiles, without a warning', (_place, source) => {
  expect(compile(source, { generate: 'client' }).warnings).toEqual([]);
});

test.each(found.filter(({ prints }) => prints !== undefined))(
  '$place prints what the document says',
  { timeout: 120_000 },
  async (snippet) => {
    const program = bundle(join(DIRECTORY, fileOf(snippet)), 'external');
    expect((await run(process.execPath, [program], { cwd: ROOT })).stdout).toBe(snippet.prints);
  },
);

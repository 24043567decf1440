import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';
import { DOORS } from './doors.ts';
import { ROOT } from './snippets.ts';

const run = promisify(execFile);

/** A directory of the project, so that its packages are found; removed when the tests end. */
const DIRECTORY = join(import.meta.dirname, '.declarations');
const EVENTS = 80;
/** Characters of its declaration file for each event: the catalog is written out a few times, and not for each procedure. */
const MOST_CHARS = 12_000;

const event = (index: number) => `
  event_${index}: z.object({
    id: z.string(),
    kind: z.enum(['a', 'b', 'c']),
    at: z.date(),
    parts: z.array(z.object({ name: z.string(), weight: z.number().optional() })),
    tree: z.lazy(() => tree),
  }),`;

const SOURCE = `
import { initTRPC } from '@trpc/server';
import { defineEvents } from 'psyche-events';
import { createAppRouter, EventManager, eventProcedures, loadConfig, MemoryBroker, startServer } from 'psyche-events/server';
import * as z from 'zod';

interface Tree { name: string; children: Tree[] }
const tree: z.ZodType<Tree> = z.object({ name: z.string(), children: z.array(z.lazy(() => tree)) });
export const catalog = defineEvents({${Array.from({ length: EVENTS }, (_, index) => event(index)).join('')}
});
export const manager = new EventManager({ catalog, broker: new MemoryBroker() });
const t = initTRPC.context<{ user: string }>().create();

export const router = createAppRouter(manager);
export const beside = createAppRouter(manager, (procedure) => ({ hello: procedure.query(() => 'x') }));
export const nested = t.router({ events: eventProcedures(manager, t.procedure) });
export const spread = t.router({ ...eventProcedures(manager, t.procedure), hello: t.procedure.query(() => 'x') });
export const server = () => startServer(loadConfig({ port: 0 }), { catalog });
`;

rmSync(DIRECTORY, { recursive: true, force: true });
mkdirSync(DIRECTORY);
writeFileSync(join(DIRECTORY, 'many.ts'), SOURCE);
writeFileSync(
  join(DIRECTORY, 'tsconfig.json'),
  JSON.stringify({
    extends: join(ROOT, 'tsconfig.json'),
    compilerOptions: {
      paths: DOORS,
      noEmit: false,
      declaration: true,
      emitDeclarationOnly: true,
      rootDir: ROOT,
      outDir: 'out',
    },
    include: ['many.ts'],
  }),
);
afterAll(() => rmSync(DIRECTORY, { recursive: true, force: true }));

test(`a catalog of ${EVENTS} wide events has declaration files, however its router is made`, {
  timeout: 120_000,
}, async () => {
  expect(existsSync(join(ROOT, 'dist')), 'what was built is tested: npm run build').toBe(true);
  const tsc = join(ROOT, 'node_modules/.bin/tsc');
  const { stdout } = await run(tsc, ['-p', DIRECTORY]).catch((failed: { stdout: string }) => failed);
  expect(stdout).toBe('');
  const { size } = statSync(join(DIRECTORY, 'out/test/docs/.declarations/many.d.ts'));
  expect(size / EVENTS).toBeLessThan(MOST_CHARS);
});

test('no declaration imports rxjs: AG-UI has a copy of its own beside another version, and its types are not the same', () => {
  const declarations = readdirSync(join(ROOT, 'dist'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.d.ts'))
    .map((path): [string, string] => [path, readFileSync(join(ROOT, 'dist', path), 'utf8')]);
  const importing = (name: string) =>
    declarations.filter(([, text]) => text.includes(`from '${name}'`)).map(([path]) => path);
  expect(importing('@ag-ui/client')).toContain(join('agents', 'ag-ui', 'resumable-agent.d.ts')); // control
  expect(importing('rxjs')).toEqual([]);
});

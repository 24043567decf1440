import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..');
/** Rooms whose inner rooms have rows of their own. */
const DIVIDED = ['shared', 'server', 'client', 'agents'];
/** Files behind package.json's `exports`, and doors for the command line; a door may import all of its room. */
const DOORS: Readonly<Record<string, string>> = {
  '.': 'shared/index.ts',
  './server': 'server/index.ts',
  './client': 'client/index.ts',
  './store': 'client/store/index.ts',
  './react': 'client/react/index.ts',
  './ag-ui': 'agents/ag-ui/index.ts',
  './ai': 'agents/ai/index.ts',
  './simulation': 'simulation/index.ts',
  'simulation/serving': 'simulation/serving.ts',
  verify: 'verify/index.ts',
  conformance: 'conformance/index.ts',
};

/** Imports that ARCHITECTURE's table allows each room, as it writes them. */
function tableOf(text: string): ReadonlyMap<string, readonly string[]> {
  const rows = text.matchAll(/^\| `([\w/-]+)\/` \| .* \| ([^|]+) \|$/gm);
  return new Map(
    [...rows].map(([, room = '', imports = '']) => [room, imports === 'nothing' ? [] : imports.split(', ')]),
  );
}

const TABLE = tableOf(readFileSync(join(ROOT, 'ARCHITECTURE.md'), 'utf8'));

interface Import {
  from: string;
  to: string;
  typeOnly: boolean;
}

function importsOf(room: string): Import[] {
  return readdirSync(join(ROOT, room), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.tsx?$/.test(file) && !file.includes('node_modules'))
    .flatMap((file) => {
      const path = join(ROOT, room, file);
      const imports = readFileSync(path, 'utf8').matchAll(
        /^(import|export)( type)?\b[^;]*?\bfrom '(\.[^']+)'|\bimport\('(\.[^']+)'\)/gm,
      );
      return [...imports].map(([, , type, target, dynamic]) => ({
        from: relative(ROOT, path),
        to: relative(ROOT, join(dirname(path), target ?? dynamic ?? '')),
        typeOnly: type !== undefined,
      }));
    });
}

const topOf = (file: string): string => file.split('/', 1)[0] ?? '';
/** The room of a file, as the table has it. */
const roomOf = (file: string): string => (DIVIDED.includes(topOf(file)) ? dirname(file) : topOf(file));

function isAllowed({ from, to, typeOnly }: Import): boolean {
  const [room, target] = [roomOf(from), roomOf(to)];
  if (room === target) return true;
  // A door gives out what is in its room.
  if (Object.values(DOORS).includes(from) && topOf(from) === topOf(to)) return true;
  // The one exception: the client is typed by the router, and nothing of it is left after the build.
  if (topOf(from) === 'client' && to === 'server/index.ts') return typeOnly;
  return (TABLE.get(room) ?? []).some((rule) => {
    if (rule.startsWith('`')) return DOORS[rule.slice(1, -1)] === to;
    const named = rule.replace(/\/\*$/, '');
    const all = named !== rule;
    const path = DIVIDED.includes(topOf(named)) ? named : `${topOf(from)}/${named}`;
    return target === path || (all && target.startsWith(`${path}/`));
  });
}

const ROOMS = [...new Set([...TABLE.keys()].map(topOf))];

test.each(ROOMS)('%s imports only what it may', (room) => {
  const imports = importsOf(room);
  expect(imports.filter((each) => !isAllowed(each))).toEqual([]);
});

test('each inner folder of a room has a row', () => {
  const isDoor = ({ from }: Import) => Object.values(DOORS).includes(from);
  const folders = DIVIDED.flatMap(importsOf).flatMap((each) => (isDoor(each) ? [] : [dirname(each.from)]));
  expect([...new Set(folders)].filter((folder) => !TABLE.has(folder))).toEqual([]);
});

/** The files of one circle of imports, types too; null if there is none. */
function circleIn(imports: readonly Pick<Import, 'from' | 'to'>[]): string[] | null {
  const targets = new Map<string, string[]>();
  for (const { from, to } of imports) targets.set(from, [...(targets.get(from) ?? []), to]);
  const clean = new Set<string>();
  const search = (file: string, path: readonly string[]): string[] | null => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (clean.has(file)) return null;
    for (const target of targets.get(file) ?? []) {
      const circle = search(target, [...path, file]);
      if (circle) return circle;
    }
    clean.add(file);
    return null;
  };
  for (const file of targets.keys()) {
    const circle = search(file, []);
    if (circle) return circle;
  }
  return null;
}

test('no file imports itself through others, not even for types', () => {
  expect(circleIn(ROOMS.flatMap(importsOf))).toBeNull();
});

test('no room of the server, the client or the agents imports itself through others', () => {
  const arrows = ['server', 'client', 'agents']
    .flatMap(importsOf)
    .filter(({ from, to }) => !Object.values(DOORS).includes(from) && !Object.values(DOORS).includes(to))
    .map(({ from, to }) => ({ from: dirname(from), to: dirname(to) }))
    .filter(({ from, to }) => from !== to);
  expect(arrows.length).toBeGreaterThan(100);
  expect(circleIn(arrows)).toBeNull();
});

/** The files of a room that import from a scope of packages. */
function filesWith(scope: string, room: string): string[] {
  return readdirSync(join(ROOT, room), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .filter((file) => readFileSync(join(ROOT, room, file), 'utf8').includes(`'${scope}/`));
}

test('the core does not import tRPC, unlike the rooms above it', () => {
  expect(filesWith('@trpc', 'server/event-manager')).toEqual([]);
  expect(filesWith('@trpc', 'server/trpc').length).toBeGreaterThan(2); // the control
});

test('control: the check sees imports, and what is wrong with them', () => {
  expect(importsOf('server').length).toBeGreaterThan(50);
  const allowed = (from: string, to: string, typeOnly = false) => isAllowed({ from, to, typeOnly });
  expect(allowed('shared/a.ts', 'server/b.ts', true)).toBe(false);
  expect(allowed('client/a.ts', 'server/index.ts')).toBe(false);
  expect(allowed('cli/a.ts', 'server/app/config.ts')).toBe(true);
  expect(allowed('cli/a.ts', 'server/app/http/b.ts')).toBe(false);
  expect(allowed('cli/a.ts', 'server/index.ts')).toBe(true);
  expect(allowed('server/event-manager/hubs/a.ts', 'server/event-manager/records/b.ts')).toBe(true);
  expect(allowed('server/event-manager/records/a.ts', 'server/event-manager/hubs/b.ts')).toBe(false);
  expect(allowed('agents/ag-ui/a.ts', 'server/runs/b.ts')).toBe(true);
  expect(allowed('agents/ag-ui/a.ts', 'server/broker/b.ts')).toBe(false);
  const circle = ['ab', 'bc', 'cd', 'db'].map(([from = '', to = '']) => ({ from, to }));
  expect(circleIn(circle)).toEqual(['b', 'c', 'd', 'b']);
  expect(circleIn(circle.slice(0, 3))).toBeNull();
});

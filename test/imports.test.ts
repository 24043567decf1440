import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..');

/** Imports that each room may have: rooms, or `door:<room>` for its index.ts alone. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  shared: [],
  server: ['shared'],
  client: ['shared'],
  simulation: ['door:shared', 'door:server'],
  dashboard: ['door:shared', 'door:client/react', 'door:client', 'door:simulation'],
  verify: ['door:shared', 'door:client'],
  conformance: ['door:shared', 'door:server', 'door:verify'],
  cli: ['door:shared', 'door:server', 'door:client', 'door:simulation', 'door:verify', 'door:conformance'],
  examples: ['door:shared', 'door:server', 'door:client', 'door:client/react', 'door:simulation'],
};

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

function isAllowed({ from, to, typeOnly }: Import): boolean {
  const room = from.split('/', 1)[0] ?? '';
  if (to.startsWith(`${room}/`)) return true;
  // The one exception: the client is typed by the router, and nothing of it is left after the build.
  if (room === 'client' && to === 'server/index.ts') return typeOnly;
  return (ALLOWED[room] ?? []).some((rule) =>
    rule.startsWith('door:') ? to === `${rule.slice('door:'.length)}/index.ts` : to.startsWith(`${rule}/`),
  );
}

test.each(Object.keys(ALLOWED))('%s imports only what it may', (room) => {
  const imports = importsOf(room);
  expect(imports.filter((each) => !isAllowed(each))).toEqual([]);
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

test('no file imports itself by way of others, not even for types', () => {
  expect(circleIn(Object.keys(ALLOWED).flatMap(importsOf))).toBeNull();
});

test('the check itself sees imports, and what is wrong with them', () => {
  expect(importsOf('server').length).toBeGreaterThan(50);
  expect(isAllowed({ from: 'shared/a.ts', to: 'server/b.ts', typeOnly: true })).toBe(false);
  expect(isAllowed({ from: 'client/a.ts', to: 'server/index.ts', typeOnly: false })).toBe(false);
  expect(isAllowed({ from: 'cli/a.ts', to: 'server/app/config.ts', typeOnly: false })).toBe(false);
  expect(isAllowed({ from: 'cli/a.ts', to: 'server/index.ts', typeOnly: false })).toBe(true);
  const circle = ['ab', 'bc', 'cd', 'db'].map(([from = '', to = '']) => ({ from, to }));
  expect(circleIn(circle)).toEqual(['b', 'c', 'd', 'b']);
  expect(circleIn(circle.slice(0, 3))).toBeNull();
});

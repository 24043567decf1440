import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROOT } from './snippets.ts';

const DOORS = {
  'psyche-events': 'shared/index.ts',
  'psyche-events/server': 'server/index.ts',
  'psyche-events/client': 'client/index.ts',
  'psyche-events/store': 'client/store/index.ts',
  'psyche-events/react': 'client/react/index.ts',
  'psyche-events/ag-ui': 'agents/ag-ui/index.ts',
  'psyche-events/ai': 'agents/ai/index.ts',
  'psyche-events/simulation': 'simulation/index.ts',
};

const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');

interface Export {
  name: string;
  /** True if it exists when the program runs. */
  isValue: boolean;
  /** The file that declares it. */
  file: string;
}

/** Exports of a door, read from its `export` statements. */
function exportsOf(door: string): Export[] {
  const statements = read(door).matchAll(/export (type |const )?\{([^}]*)\}(?: from '([^']+)')?/g);
  return [...statements].flatMap(([, kind, names = '', from]) =>
    names
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== '')
      .map((name) => ({
        name: name.replace(/^type /, ''),
        isValue: kind !== 'type ' && !name.startsWith('type '),
        file: from === undefined ? door : join(door, '..', from),
      })),
  );
}

/** Tells if a comment stands right before the declaration of a name, or of one that is declared with it. */
function isDocumented({ name, file }: Export): boolean {
  const text = read(file);
  const declared = `export (?:declare )?(?:abstract )?(?:async )?(?:class|function|const|interface|type) (?:${name}\\b|\\{[^}]*\\b${name}\\b)`;
  return new RegExp(`\\*/\\n${declared}`).test(text);
}

describe.each(Object.entries(DOORS))('%s', (door, file) => {
  const all = exportsOf(file);

  test('every export has a comment that says what it is', () => {
    expect(all.filter((each) => !isDocumented(each)).map(({ name, file }) => `${file}: ${name}`)).toEqual([]);
  });

  test('the names in the guide’s reference are its exported values', () => {
    const row = read('docs/guide/reference.md')
      .split('\n')
      .find((line) => line.startsWith(`| \`${door}\` |`));
    const [, ...named] = [...(row ?? '').matchAll(/`([^`]+)`/g)].map(([, name]) => name);
    expect(named.length).toBeGreaterThan(1);
    expect(all.filter((each) => each.isValue).map(({ name }) => name)).toEqual(expect.arrayContaining(named));
  });
});

/**
 * superjson's format: JSON, and annotations that say which values in it stand for something that JSON does not have.
 * Our own code reads and writes the tree, the annotations and their paths; superjson itself knows the types.
 */
export interface Encoded {
  json: unknown;
  /**
   * Left out where all of `json` is meant as it is. `values` is a tree of paths and types, `v` the version of how paths
   * are escaped, 1 here. superjson itself also writes `referentialEqualities`, the paths that held one and the same
   * object: never written here and never followed, since `json` has the value at each. Unknown until it was checked.
   */
  meta?: unknown;
}

/** The kinds of value that have an annotation. */
export const KINDS = [
  'undefined',
  'number',
  'bigint',
  'Date',
  'set',
  'map',
  'typed-array',
  'regexp',
  'URL',
  'Error',
  'class',
  'symbol',
  'custom',
] as const;
export type Kind = (typeof KINDS)[number];

/** A type as superjson writes it: a kind by itself, or with the name of a class, a symbol or an array. */
export type TypeName = Kind | readonly [kind: Kind, name: string];

/** Names that superjson refuses in the path of an annotation. As names of plain data they are like any other. */
const UNREADABLE = new Set(['__proto__', 'constructor', 'prototype']);

/** The words for an annotation that superjson would not read, for a name in the path to it; undefined if it would. */
export function unreadableIn(path: readonly (string | number)[]): string | undefined {
  for (const key of path) {
    if (typeof key !== 'string' || !UNREADABLE.has(key)) continue;
    return `an annotation below a field named ${key}, which superjson's clients do not read: rename the field, or send the value as text`;
  }
  return undefined;
}

/** A path as it is written: keys joined by dots, with dots and backslashes of their own escaped. */
export function joinPath(keys: readonly (string | number)[]): string {
  return keys.map((key) => (typeof key === 'number' ? `${key}` : key.replace(/[\\.]/g, '\\$&'))).join('.');
}

/** The keys of a written path; undefined if it is none. @param legacy before version 1, a backslash escaped dots only */
export function splitPath(path: string, legacy: boolean): string[] | undefined {
  if (!path.includes('\\')) return path.split('.');
  const keys: string[] = [];
  let key = '';
  for (let at = 0; at < path.length; at++) {
    const char = path.charAt(at);
    if (char === '.') {
      keys.push(key);
      key = '';
    } else if (char === '\\' && isEscape(path.charAt(at + 1), legacy)) {
      key += path.charAt(++at);
    } else if (char === '\\' && !legacy) return undefined;
    else key += char;
  }
  keys.push(key);
  return keys;
}

function isEscape(next: string, legacy: boolean): boolean {
  return next === '.' || (next === '\\' && !legacy);
}

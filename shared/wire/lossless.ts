import type { Kind, TypeName } from './format.ts';

/** Kinds that superjson makes again as what they are here; an instance of a subclass would become one of these. */
const PROTOTYPES: Partial<Record<Kind, object>> = {
  Date: Date.prototype,
  map: Map.prototype,
  set: Set.prototype,
  regexp: RegExp.prototype,
  URL: URL.prototype,
  Error: Error.prototype,
};

/**
 * Tells whether a value comes back as an instance of what it is one of. Nothing is made to find out: making costs, and
 * may be code of the application's.
 */
export function comesBack(value: unknown, type: TypeName): boolean {
  const [kind, name] = typeof type === 'string' ? [type] : type;
  const prototype = kind === 'typed-array' ? Reflect.get(globalThis, name ?? '').prototype : PROTOTYPES[kind];
  return prototype === undefined || Object.getPrototypeOf(value) === prototype;
}

/** Names the parts that a list or an object would lose: those besides its items or fields. Undefined if it has none. */
export function lossOf(holder: object): string | undefined {
  if (Object.getOwnPropertySymbols(holder).length > 0) return 'has a field whose name is a symbol';
  if (!Array.isArray(holder)) return undefined;
  const { length } = Object.keys(holder);
  if (length < holder.length) return 'is a list with holes';
  return length > holder.length ? 'is a list that has fields' : undefined;
}

/** The words for a value that would arrive as something else. */
export function whyUnsendable(value: unknown): string {
  return `is ${described(value)}, which cannot be sent unchanged`;
}

function described(value: unknown): string {
  if (value instanceof Date && Number.isNaN(value.getTime())) return 'an invalid date';
  if (typeof value === 'number') return String(value);
  if (typeof value !== 'object' || value === null)
    return value === undefined ? 'undefined' : `a ${typeof value}`;
  const name: unknown = Object.getPrototypeOf(value)?.constructor?.name;
  const isNamed = typeof name === 'string' && name !== '';
  return `an object of ${isNamed ? `class ${name.slice(0, 80)}` : 'no known class'}`;
}

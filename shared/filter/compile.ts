import * as z from 'zod';
import type { AnyCatalog } from '../catalog.ts';
import { EventsError, type Issue } from '../errors.ts';
import { isRecord } from '../wire/shapes.ts';
import { type FieldKind, fieldKinds, keysOf, valueAt } from './fields.ts';
import { compares, faultOf, isOneOf, isOperator, nameOf, OPERATORS, type ValueTest } from './operators.ts';
import type { AnyFilter, FilterValue } from './types.ts';

/** Most conditions in one filter, most levels of `and`, `or`, `not`, and most values of an `in`. */
const MAX_CONDITIONS = 64;
const MAX_DEPTH = 8;
const MAX_IN = 100;
/** Most names and filters in one filter, whatever they say. */
const MAX_PARTS = 512;
/** Characters of all names and values of one filter: a subscription keeps them some times for as long as it lasts. */
const MAX_CHARS = 16 * 1024;
/** Mistakes that are told. */
const MAX_ISSUES = 8;
/** Characters of a name that are told. */
const MAX_TOLD = 80;

/** A filter that was checked. */
export interface CompiledFilter {
  /** Equal keys match equal events. */
  readonly key: string;
  matches(event: FilteredEvent): boolean;
}

/** The parts of an event that filters see. */
export interface FilteredEvent {
  readonly data: unknown;
  readonly by?: string | undefined;
}

/** The name by which filters know who published an event [V6]. */
const BY = 'by';
const PUBLISHER_KINDS: ReadonlySet<FieldKind> = new Set(['string', 'null']);

/**
 * Checks a filter against the schemas of the events it is for, and compiles it. What exceeds a limit is not read on.
 * @throws EventsError INVALID_FILTER with the path of each mistake, of the first 8
 */
export function compileFilter(
  catalog: AnyCatalog,
  types: readonly string[],
  filter: AnyFilter,
): CompiledFilter {
  return new Compiler(catalog, types).compile(filter);
}

/** Tells if an event's data may hold a field `by`: filters cannot tell it from the one who published the event. */
export function mayHoldBy(catalog: AnyCatalog, type: string): boolean {
  return kindsIn(catalog, [type], [BY]).size > 0;
}

/** The kinds of value that the data of some events has at a path of keys; none if it has no such field, or there is no path. */
function kindsIn(
  catalog: AnyCatalog,
  types: readonly string[],
  keys: readonly string[] | null,
): ReadonlySet<FieldKind> {
  const kinds = new Set<FieldKind>();
  if (keys === null) return kinds;
  for (const type of types) {
    const schema = catalog.has(type) ? catalog.schemas[type] : undefined;
    if (schema) for (const kind of fieldKinds(schema, keys)) kinds.add(kind);
  }
  return kinds;
}

type Path = readonly (string | number)[];

class Compiler {
  readonly #issues: Issue[] = [];
  readonly #catalog: AnyCatalog;
  readonly #types: readonly string[];
  #counted = 0;
  #parts = 0;
  #chars = 0;

  constructor(catalog: AnyCatalog, types: readonly string[]) {
    this.#catalog = catalog;
    this.#types = types;
  }

  compile(filter: unknown): CompiledFilter {
    const compiled = this.#all(filter, ['filter'], 1);
    if (this.#issues.length > 0) throw this.#refusal();
    return compiled;
  }

  #all(filter: unknown, path: Path, depth: number): CompiledFilter {
    this.#count(path);
    if (!isRecord(filter)) return this.#wrong(path, 'must be an object of conditions');
    if (depth > MAX_DEPTH) throw this.#exceeded(path, `is nested more than ${MAX_DEPTH} levels deep`);
    return this.#each(filter, path, (name, value, at) => {
      if (name === 'not') return not(this.#all(value, at, depth + 1));
      if (name !== 'and' && name !== 'or') return this.#field(name, value, at);
      if (!Array.isArray(value)) return this.#wrong(at, 'must be an array of filters');
      const parts: CompiledFilter[] = [];
      for (const part of value) parts.push(this.#all(part, [...at, parts.length], depth + 1));
      return name === 'and' ? every(parts) : some(parts);
    });
  }

  /** Compiles each name of an object into one test of all; names whose value is undefined say nothing. */
  #each(
    named: Readonly<Record<string, unknown>>,
    path: Path,
    compile: (name: string, value: unknown, at: Path) => CompiledFilter,
  ): CompiledFilter {
    const parts: CompiledFilter[] = [];
    for (const name in named) {
      if (!Object.hasOwn(named, name)) continue;
      this.#count(path);
      this.#countChars(name, path);
      if (named[name] !== undefined) parts.push(compile(name, named[name], [...path, name]));
    }
    return every(parts);
  }

  #field(name: string, value: unknown, path: Path): CompiledFilter {
    if (name === BY) return this.#publisher(value, path);
    const keys = keysOf(name);
    const kinds = kindsIn(this.#catalog, this.#types, keys);
    if (keys === null || kinds.size === 0)
      return this.#wrong(path, `is no field that ${this.#types.join(' or ')} can be filtered by`);
    return this.#conditions(keys, kinds, value, path, ({ data }) => valueAt(data, keys) ?? null);
  }

  /** Conditions on who published an event: no field of the data, which its publisher could fill in as it likes. */
  #publisher(value: unknown, path: Path): CompiledFilter {
    if (kindsIn(this.#catalog, this.#types, [BY]).size > 0)
      return this.#wrong(
        path,
        'is who published an event, and the data has a field of that name too, which cannot be filtered by',
      );
    return this.#conditions(BY, PUBLISHER_KINDS, value, path, ({ by }) => by ?? null);
  }

  #conditions(
    named: unknown,
    kinds: ReadonlySet<FieldKind>,
    value: unknown,
    path: Path,
    fieldOf: (event: FilteredEvent) => unknown,
  ): CompiledFilter {
    // Of any other object, such as a RegExp or a Set, no condition is seen: it must not match all.
    const conditions = isRecord(value) ? value : { eq: value };
    return this.#each(conditions, path, (operator, operand, at) => {
      const { name, holds } = this.#condition(kinds, operator, operand, at);
      return { key: JSON.stringify([named, operator, name]), matches: (event) => holds(fieldOf(event)) };
    });
  }

  #condition(
    kinds: ReadonlySet<FieldKind>,
    operator: string,
    operand: unknown,
    path: Path,
  ): { name: unknown; holds: ValueTest } {
    if (++this.#counted > MAX_CONDITIONS)
      throw this.#exceeded(path, `a filter has at most ${MAX_CONDITIONS} conditions`);
    const wrong = (at: Path, message: string) => {
      this.#wrong(at, message);
      return { name: null, holds: () => false };
    };
    if (!isOperator(operator)) return wrong(path, `is no operator: use ${OPERATORS.join(', ')}`);
    if (operator === 'exists') {
      if (typeof operand !== 'boolean') return wrong(path, 'must be true or false');
      return { name: operand, holds: (value) => (value !== null) === operand };
    }
    if (operator === 'in') {
      if (!Array.isArray(operand)) return wrong(path, `must be an array of at most ${MAX_IN} values`);
      if (operand.length > MAX_IN) throw this.#exceeded(path, `must be an array of at most ${MAX_IN} values`);
      for (const [index, value] of operand.entries()) {
        const fault = faultOf('eq', value, kinds);
        if (fault !== null) return wrong([...path, index], fault);
        this.#countChars(value, path);
      }
      const values: readonly FilterValue[] = operand; // each of them fits
      return { name: values.map(nameOf).sort(), holds: isOneOf(values) };
    }
    const fault = faultOf(operator, operand, kinds);
    if (fault !== null) return wrong(path, fault);
    this.#countChars(operand, path);
    const value = operand as FilterValue; // it fits
    return { name: nameOf(value), holds: compares(operator, value) };
  }

  #count(path: Path): void {
    if (++this.#parts > MAX_PARTS) throw this.#exceeded(path, `a filter has at most ${MAX_PARTS} parts`);
  }

  #countChars(text: unknown, path: Path): void {
    if (typeof text !== 'string' && typeof text !== 'bigint') return;
    this.#chars += String(text).length;
    if (this.#chars > MAX_CHARS)
      throw this.#exceeded(path, `a filter has at most ${MAX_CHARS} characters of names and values`);
  }

  #wrong(path: Path, message: string): CompiledFilter {
    const told = path.map((key) => (typeof key === 'string' ? key.slice(0, MAX_TOLD) : key));
    this.#issues.push({ path: told, message });
    if (this.#issues.length === MAX_ISSUES) throw this.#refusal();
    return { key: '', matches: () => false };
  }

  #exceeded(path: Path, message: string): EventsError {
    this.#wrong(path, message);
    return this.#refusal();
  }

  #refusal(): EventsError {
    const issues = this.#issues;
    const message = issues.map((issue) => `${issue.path.join(' › ')}: ${issue.message}`).join('; ');
    return new EventsError('INVALID_FILTER', `Invalid filter: ${message}`, { issues });
  }
}

function every(parts: readonly CompiledFilter[]): CompiledFilter {
  const [only] = parts;
  if (parts.length === 1 && only) return only;
  return { key: keyOf('and', parts), matches: (event) => parts.every((part) => part.matches(event)) };
}

function some(parts: readonly CompiledFilter[]): CompiledFilter {
  return { key: keyOf('or', parts), matches: (event) => parts.some((part) => part.matches(event)) };
}

function not(part: CompiledFilter): CompiledFilter {
  return { key: keyOf('not', [part]), matches: (event) => !part.matches(event) };
}

/** The order of what is combined makes no difference. */
function keyOf(operation: string, parts: readonly CompiledFilter[]): string {
  return `${operation}(${parts
    .map(({ key }) => key)
    .sort()
    .join(',')})`;
}

/**
 * A filter from outside; its fields are checked against the catalog when it is compiled. It is no `z.record`: that would
 * leave out a condition on a field named `__proto__`, and so widen what is seen.
 */
export const filterSchema = z.custom<AnyFilter>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  'must be an object of conditions',
);

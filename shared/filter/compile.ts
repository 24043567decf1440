import type { AnyCatalog } from '../catalog.ts';
import { EventsError, type Issue } from '../errors.ts';
import { transformer } from '../transformer.ts';
import { type FieldKind, fieldKinds, kindOf } from './field-kinds.ts';
import { areOrdered, compare, equals, OPERATORS, type Operator } from './operators.ts';
import type { AnyFilter, FilterValue } from './types.ts';
import { valueAt } from './value-at.ts';

/** Most conditions in one filter, most levels of `and`, `or`, `not`, and most values of an `in`. */
const MAX_CONDITIONS = 64;
const MAX_DEPTH = 8;
const MAX_IN = 100;
const MAX_PATH = 200;

type Test = (data: unknown) => boolean;

/** A filter that was checked. */
export interface CompiledFilter {
  /** Equal keys match equal events. */
  readonly key: string;
  /** Whether an event's data matches. */
  matches(data: unknown): boolean;
}

/**
 * Checks a filter against the schemas of the events it is for, and compiles it.
 * @throws EventsError INVALID_FILTER with the path of each mistake
 */
export function compileFilter(
  catalog: AnyCatalog,
  types: readonly string[],
  filter: AnyFilter,
): CompiledFilter {
  const compiler = new Compiler(catalog, types);
  const test = compiler.all(filter, ['filter'], 1);
  if (compiler.issues.length > 0) {
    const message = compiler.issues.map((issue) => `${issue.path.join(' › ')}: ${issue.message}`).join('; ');
    throw new EventsError('INVALID_FILTER', `Invalid filter: ${message}`, { issues: compiler.issues });
  }
  // Not JSON: a Date and its text, or NaN and null, are different filters.
  return { key: transformer.stringify(filter), matches: test };
}

class Compiler {
  readonly issues: Issue[] = [];
  readonly #catalog: AnyCatalog;
  readonly #types: readonly string[];
  #conditions = 0;

  constructor(catalog: AnyCatalog, types: readonly string[]) {
    this.#catalog = catalog;
    this.#types = types;
  }

  all(filter: unknown, path: (string | number)[], depth: number): Test {
    if (!isPlainObject(filter)) return this.#wrong(path, 'must be an object of conditions');
    if (depth > MAX_DEPTH) return this.#wrong(path, `is nested more than ${MAX_DEPTH} levels deep`);
    const tests = Object.entries(filter)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]): Test => {
        const at = [...path, name];
        if (name === 'not') {
          const test = this.all(value, at, depth + 1);
          return (data) => !test(data);
        }
        if (name === 'and' || name === 'or') {
          if (!Array.isArray(value)) return this.#wrong(at, 'must be an array of filters');
          const parts = value.map((part, index) => this.all(part, [...at, index], depth + 1));
          return name === 'and' ? every(parts) : (data) => parts.some((test) => test(data));
        }
        return this.#field(name, value, at);
      });
    return every(tests);
  }

  #field(name: string, value: unknown, path: (string | number)[]): Test {
    const keys = name.split('.');
    const kinds = name.length > MAX_PATH ? new Set<FieldKind>() : this.#kinds(keys);
    if (kinds.size === 0)
      return this.#wrong(path, `is no field that ${this.#types.join(' or ')} can be filtered by`);
    const conditions = isPlainObject(value) ? Object.entries(value) : [['eq', value] as const];
    return every(
      conditions
        .filter(([, operand]) => operand !== undefined)
        .map(([operator, operand]) => this.#condition(keys, kinds, operator, operand, [...path, operator])),
    );
  }

  #condition(
    keys: readonly string[],
    kinds: ReadonlySet<FieldKind>,
    operator: string,
    operand: unknown,
    path: (string | number)[],
  ): Test {
    if (++this.#conditions > MAX_CONDITIONS)
      return this.#wrong(path, `a filter has at most ${MAX_CONDITIONS} conditions`);
    if (!isOperator(operator)) return this.#wrong(path, `is no operator: use ${OPERATORS.join(', ')}`);
    if (operator === 'exists') {
      if (typeof operand !== 'boolean') return this.#wrong(path, 'must be true or false');
      return (data) => ((valueAt(data, keys) ?? null) !== null) === operand;
    }
    if (operator === 'in') {
      if (!Array.isArray(operand) || operand.length > MAX_IN)
        return this.#wrong(path, `must be an array of at most ${MAX_IN} values`);
      const tests = operand.map((value, index) =>
        this.#condition(keys, kinds, 'eq', value, [...path, index]),
      );
      return (data) => tests.some((test) => test(data));
    }
    const kind = kindOf(operand);
    const ordered = operator !== 'eq' && operator !== 'ne';
    const fits = kind !== undefined && (kinds.has(kind) || kinds.has('any') || (kind === 'null' && !ordered));
    if (
      !fits ||
      (operator === 'prefix' && kind !== 'string') ||
      (ordered && (kind === 'boolean' || kind === 'null'))
    ) {
      return this.#wrong(
        path,
        `cannot be compared with ${kind ?? typeof operand}: the field is ${[...kinds].join(' or ')}`,
      );
    }
    // `fits` has established it.
    return this.#comparison(keys, operator, operand as FilterValue);
  }

  #comparison(
    keys: readonly string[],
    operator: Exclude<Operator, 'exists' | 'in'>,
    operand: FilterValue,
  ): Test {
    if (operator === 'eq') return (data) => equals(valueAt(data, keys) ?? null, operand);
    if (operator === 'ne') return (data) => !equals(valueAt(data, keys) ?? null, operand);
    if (operator === 'prefix') {
      return (data) => {
        const value = valueAt(data, keys);
        return typeof value === 'string' && value.startsWith(String(operand));
      };
    }
    const holds = compare[operator];
    return (data) => {
      const value = valueAt(data, keys);
      return areOrdered(value, operand) && areOrdered(operand, value) && holds(value, operand);
    };
  }

  #kinds(keys: readonly string[]): ReadonlySet<FieldKind> {
    const kinds = new Set<FieldKind>();
    for (const type of this.#types) {
      const schema = this.#catalog.has(type) ? this.#catalog.schemas[type] : undefined;
      if (schema) for (const kind of fieldKinds(schema, keys)) kinds.add(kind);
    }
    return kinds;
  }

  #wrong(path: (string | number)[], message: string): Test {
    this.issues.push({ path, message });
    return () => false;
  }
}

function every(tests: readonly Test[]): Test {
  const [only] = tests;
  if (tests.length === 1 && only) return only;
  return (data) => tests.every((test) => test(data));
}

function isOperator(name: string): name is Operator {
  return (OPERATORS as readonly string[]).includes(name);
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

import { EventsError, messageOf } from '../errors.ts';
import { MAX_DATA_DEPTH } from '../wire/limits.ts';
import { isRecord } from '../wire/shapes.ts';

/** The way to a value, outermost first. It changes while the tree is walked: copy it to keep it. */
export type TreePath = (string | number)[];

/** Rules by which a tree is copied. */
export interface TreeRules {
  /** Makes the copy of a value that holds no others: a primitive, or an object that is no list, record, Map or Set. */
  leaf(value: unknown, path: TreePath): unknown;
  /** Makes the copy's name of a field. Default: the name. */
  name?(name: string, path: TreePath): string;
  /** Called for each list, record, Map and Set before its parts. Default: nothing. */
  holder?(value: object, path: TreePath): void;
  /** Records of any other prototype become copies that have this one. Default: they stay as they are. */
  readonly prototype?: typeof Object.prototype | null;
}

/** A leaf that stands for no field: the record is to have none of that name. */
export const LEFT_OUT = Symbol('left out');

/** Values that a walk visits at most, more than any event holds. Objects that share parts are walked once for each way to them. */
export const MAX_NODES = 2_000_000;

/**
 * A tree with other leaves or names. What nothing is changed in is returned as it is, and nothing is changed in place.
 * Lists, plain objects of any realm, Maps and Sets are walked; all else is a leaf.
 * @throws EventsError INVALID_EVENT where it is nested more than 64 levels deep, or has more than two million parts
 */
export function mapTree(data: unknown, rules: TreeRules): unknown {
  return new Walk(rules).value(data);
}

/** Sets a field, whatever its name: an assignment to `__proto__` would change the object's prototype. */
export function setField(record: Record<string, unknown>, name: string, value: unknown): void {
  if (name !== '__proto__') record[name] = value;
  else Object.defineProperty(record, name, { value, configurable: true, enumerable: true, writable: true });
}

/** The error for data that is refused before, or after, its schema saw it. */
export function invalidAt(path: TreePath, message: string): EventsError {
  const at = ['data', ...path];
  return new EventsError('INVALID_EVENT', `Invalid event: ${at.join('.')}: ${message}`, {
    issues: [{ path: at, message }],
  });
}

class Walk {
  readonly #rules: TreeRules;
  readonly #path: TreePath = [];
  readonly #around: object[] = [];
  #nodes = 0;

  constructor(rules: TreeRules) {
    this.#rules = rules;
  }

  value(value: unknown): unknown {
    if (typeof value !== 'object' || value === null) return this.#rules.leaf(value, this.#path);
    const isTree = Array.isArray(value) || isRecord(value) || value instanceof Set || value instanceof Map;
    if (!isTree) return this.#rules.leaf(value, this.#path);
    if (this.#path.length >= MAX_DATA_DEPTH) throw this.#tooDeep();
    this.#rules.holder?.(value, this.#path);
    this.#around.push(value);
    const after = this.#holder(value);
    this.#around.pop();
    return after;
  }

  #holder(value: unknown[] | Record<string, unknown> | Set<unknown> | Map<unknown, unknown>): unknown {
    if (Array.isArray(value)) return this.#items(value) ?? value;
    if (value instanceof Set) {
      const items = this.#items([...value]);
      return items ? new Set(items) : value;
    }
    if (value instanceof Map) {
      const parts = this.#items([...value].flat(1));
      return parts ? new Map(Array.from(value, (_, n) => [parts[2 * n], parts[2 * n + 1]])) : value;
    }
    return this.#record(value);
  }

  #tooDeep(): EventsError {
    const message = `is nested more than ${MAX_DATA_DEPTH} levels deep`;
    const again = this.#around.findIndex((each, at) => this.#around.indexOf(each) < at);
    return again < 0
      ? invalidAt([], message)
      : invalidAt(this.#path.slice(0, again), `contains itself, and so ${message}`);
  }

  /** The items; undefined if none became another. */
  #items(items: readonly unknown[]): unknown[] | undefined {
    let mapped: unknown[] | undefined;
    for (let index = 0; index < items.length; index++) {
      const item = items[index];
      const after = this.#part(index, item);
      if (Object.is(after, item)) continue;
      mapped ??= [...items];
      mapped[index] = after;
    }
    return mapped;
  }

  #record(record: Record<string, unknown>): Record<string, unknown> {
    const { name: rename, prototype } = this.#rules;
    const keys = Object.keys(record);
    const isForeign = prototype !== undefined && Object.getPrototypeOf(record) !== prototype;
    let mapped: Record<string, unknown> | undefined = isForeign ? this.#empty() : undefined;
    for (let index = 0; index < keys.length; index++) {
      const key = keys[index] as string;
      const name = rename ? rename(key, this.#path) : key;
      const value = this.#read(record, key);
      const after = this.#part(key, value);
      if (mapped === undefined) {
        if (name === key && Object.is(after, value)) continue;
        mapped = this.#empty();
        for (const before of keys.slice(0, index)) setField(mapped, before, record[before]);
      }
      if (after !== LEFT_OUT) setField(mapped, name, after);
    }
    return mapped ?? record;
  }

  #read(record: Record<string, unknown>, key: string): unknown {
    try {
      return record[key];
    } catch (cause) {
      throw invalidAt([...this.#path, key], `cannot be read: ${messageOf(cause)}`);
    }
  }

  #empty(): Record<string, unknown> {
    return this.#rules.prototype === null ? Object.create(null) : {};
  }

  #part(key: string | number, value: unknown): unknown {
    if (++this.#nodes > MAX_NODES) throw invalidAt([], `has more than ${MAX_NODES} parts`);
    this.#path.push(key);
    const after = this.value(value);
    this.#path.pop();
    return after;
  }
}

/**
 * Freezes lists and plain objects all the way down: who changes one gets a TypeError (in strict mode, as all modules
 * are). Returns whether that is all there is; a Date, Map, Set or object of a class cannot be frozen.
 */
export function freezeDeep(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  let whole = true;
  if (Array.isArray(value)) {
    for (const item of value) if (typeof item === 'object' && !freezeDeep(item)) whole = false;
  } else if (isRecord(value)) {
    for (const key in value) if (typeof value[key] === 'object' && !freezeDeep(value[key])) whole = false;
  } else return false;
  Object.freeze(value);
  return whole;
}

import superjson from 'superjson';
import { EventsError, messageOf } from '../errors.ts';
import { type Encoded, joinPath, type TypeName, unreadableIn } from './format.ts';
import { MAX_BIGINT_DIGITS, MAX_OUTPUT_DEPTH } from './limits.ts';
import { comesBack, lossOf, whyUnsendable } from './lossless.ts';
import { isJson, isJsonScalar, isRecord, typedArrayName } from './shapes.ts';

/** The annotation of one value, and of those inside it by their paths. */
type Annotation = readonly [type: TypeName] | readonly [type: TypeName, inner: unknown];

/** Options of {@link encode}. */
export interface EncodeOptions {
  /**
   * `true`: a value that would not come back as it is (a function, an invalid Date, an instance of a class that is not
   * registered, a list with holes) is refused; this is the one rule of what can be sent. Objects of another realm or
   * without a prototype come back as plain ones all the same. Default `false`: such a value becomes what JSON makes of
   * it, as superjson does it.
   */
  lossless?: boolean | undefined;
  /** Levels of nesting. Default: {@link MAX_OUTPUT_DEPTH}. */
  maxDepth?: number | undefined;
}

/**
 * A value in superjson's format, which `superjson.deserialize` reads too. Values are written and not identities: an
 * object that occurs twice is written twice. What is plain JSON already is part of the result as it is, not copied.
 * @throws EventsError INVALID_EVENT for what the format cannot hold: a value that contains itself, or one that needs an
 *   annotation below a field named `constructor`, `prototype` or `__proto__`
 */
export function encode(
  value: unknown,
  { lossless = false, maxDepth = MAX_OUTPUT_DEPTH }: EncodeOptions = {},
): Encoded {
  const writer = new Writer(lossless, maxDepth);
  const json = writer.write(value);
  return writer.values === undefined ? { json } : { json, meta: { values: writer.values, v: 1 } };
}

class Writer {
  /** The annotations that were found so far, below the nearest value around that has one itself. */
  values: Annotation | Record<string, Annotation> | undefined;
  readonly #lossless: boolean;
  readonly #maxDepth: number;
  readonly #path: (string | number)[] = [];
  /** The objects around, outermost first. */
  readonly #around: object[] = [];
  /** Length of the part of the path that leads to the nearest annotated value around. */
  #base = 0;

  constructor(lossless: boolean, maxDepth: number) {
    this.#lossless = lossless;
    this.#maxDepth = maxDepth;
  }

  write(value: unknown): unknown {
    if (isJsonScalar(value)) return value;
    if (typeof value === 'number') {
      return this.#annotated(value, ['number'], Object.is(value, -0) ? '-0' : String(value));
    }
    if (value === undefined) return this.#annotated(value, ['undefined'], null);
    if (typeof value !== 'object' || value === null) return this.#leaf(value);
    if (this.#path.length > this.#maxDepth) throw this.#tooDeep();
    this.#around.push(value);
    const json = this.#object(value);
    this.#around.pop();
    return json;
  }

  #object(value: object): unknown {
    if (Array.isArray(value)) return this.#items(value);
    if (isRecord(value)) return this.#fields(value);
    if (value instanceof Map) return this.#container(value, 'map', [...value]);
    if (value instanceof Set) return this.#container(value, 'set', [...value]);
    if (!ArrayBuffer.isView(value)) return this.#leaf(value);
    const name = typedArrayName(value);
    if (name === undefined) throw this.#refusal('is no array of numbers that can be sent: use a Uint8Array');
    const numbers = Array.from(value as unknown as ArrayLike<number>);
    return this.#container(value, ['typed-array', name], numbers);
  }

  #fields(record: Record<string, unknown>): Record<string, unknown> {
    this.#refuseLoss(record);
    let copy: Record<string, unknown> | undefined;
    for (const key of Object.keys(record)) {
      const before = this.#read(record, key);
      if (isJsonScalar(before)) continue;
      this.#path.push(key);
      const after = this.write(before);
      this.#path.pop();
      if (after === before) continue;
      copy ??= { ...record };
      copy[key] = after; // never __proto__: what changes is annotated, and not below that name
    }
    return copy ?? record;
  }

  #items(list: readonly unknown[]): readonly unknown[] {
    this.#refuseLoss(list);
    let copy: unknown[] | undefined;
    for (let index = 0; index < list.length; index++) {
      const before = list[index];
      if (isJsonScalar(before)) continue;
      this.#path.push(index);
      const after = this.write(before);
      this.#path.pop();
      if (after === before) continue;
      copy ??= [...list];
      copy[index] = after;
    }
    return copy ?? list;
  }

  /** A value that is written as a list, with annotations of its own items. */
  #container(value: object, type: TypeName, items: readonly unknown[]): unknown {
    this.#refuseLoss(value);
    const outer = { values: this.values, base: this.#base };
    this.values = undefined;
    this.#base = this.#path.length;
    const json = this.#items(items);
    const inner = this.values;
    this.values = outer.values;
    this.#base = outer.base;
    return this.#annotated(value, inner === undefined ? [type] : [type, inner], json);
  }

  /** A value whose type superjson knows, or nobody. */
  #leaf(value: unknown): unknown {
    const { json, meta } = this.#bySuperjson(value);
    const isSound = !this.#lossless || isJson(json); // fields of a class may be what JSON makes something else of
    if (Array.isArray(meta?.values) && isSound) {
      const annotation = meta.values as unknown as Annotation;
      if (annotation[0] === 'bigint' && String(json).length > MAX_BIGINT_DIGITS) {
        throw this.#refusal(`has more than ${MAX_BIGINT_DIGITS} digits`);
      }
      return this.#annotated(value, annotation, json);
    }
    if (this.#lossless) throw this.#refusal(whyUnsendable(value));
    return value;
  }

  #bySuperjson(value: unknown) {
    try {
      const written = superjson.serialize(value as Parameters<typeof superjson.serialize>[0]);
      if (!containsItself(written.meta?.referentialEqualities)) return written;
    } catch (cause) {
      throw this.#refusal(`cannot be written: ${messageOf(cause)}`, cause);
    }
    throw this.#refusal('contains itself');
  }

  #annotated(value: unknown, annotation: Annotation, json: unknown): unknown {
    const [type] = annotation;
    if (this.#lossless && !comesBack(value, type)) throw this.#refusal(whyUnsendable(value));
    const path = this.#path;
    const unreadable = unreadableIn(path);
    if (unreadable !== undefined) throw this.#refusal(`needs ${unreadable}`);
    if (path.length === this.#base) this.values = annotation;
    else {
      this.values ??= {};
      (this.values as Record<string, Annotation>)[joinPath(path.slice(this.#base))] = annotation;
    }
    return json;
  }

  #read(record: Record<string, unknown>, key: string): unknown {
    try {
      return record[key];
    } catch (cause) {
      this.#path.push(key);
      throw this.#refusal(`cannot be read: ${messageOf(cause)}`, cause);
    }
  }

  #refuseLoss(holder: object): void {
    const loss = this.#lossless ? lossOf(holder) : undefined;
    if (loss !== undefined) throw this.#refusal(loss);
  }

  /** Each object around has one key of the path: so the first that is among those around it tells where. */
  #tooDeep(): EventsError {
    const again = this.#around.findIndex((each, at) => this.#around.indexOf(each) < at);
    if (again < 0) return this.#refusal(`is nested more than ${this.#maxDepth} levels deep`, undefined, []);
    return this.#refusal('contains itself', undefined, this.#path.slice(0, again));
  }

  #refusal(problem: string, cause?: unknown, whole: readonly (string | number)[] = this.#path): EventsError {
    const path = whole.slice(0, 64);
    const message = `Cannot be sent: ${path.length > 0 ? `${path.join('.')}: ` : ''}${problem}`;
    return new EventsError('INVALID_EVENT', message, { issues: [{ path, message: problem }], cause });
  }
}

/** Tells if an object contains itself, in whose place superjson writes null. */
function containsItself(equalities: unknown): boolean {
  if (equalities === undefined) return false;
  if (Array.isArray(equalities)) return true; // of the root
  return Object.entries(equalities as Record<string, string[]>).some(([path, others]) =>
    others.some((other) => other.startsWith(`${path}.`)),
  );
}

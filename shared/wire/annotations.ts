import { type ErrorCode, EventsError } from '../errors.ts';
import { KINDS, type Kind, splitPath, type TypeName, unreadableIn } from './format.ts';
import type { Expects, WireLimits } from './limits.ts';
import { isRecord } from './shapes.ts';

/** The annotation of one place in a JSON value, and those of the places inside it. */
export interface Mark {
  type?: TypeName;
  inner?: Map<string, Mark>;
}

const SIMPLE: ReadonlySet<unknown> = new Set(KINDS.slice(0, KINDS.indexOf('class')));
const NAMED: ReadonlySet<unknown> = new Set(['typed-array', 'class', 'symbol', 'custom']);
const INDEX = /^(?:0|[1-9]\d{0,15})$/;

/**
 * Reads the annotations of a JSON value, each against what is at its path and what is expected there. It costs no more
 * than their text: a path that leads nowhere ends the work.
 */
export class AnnotationReader {
  readonly #json: unknown;
  readonly #legacy: boolean;
  readonly #limits: WireLimits;
  readonly #expects: Expects;
  readonly #root: Mark = {};
  readonly #path: string[] = [];
  #count = 0;
  #patternChars = 0;

  constructor(json: unknown, version: unknown, limits: WireLimits, expects: Expects) {
    if (version !== undefined && typeof version !== 'number') {
      throw invalid(expects([]).code, [], 'meta.v must be a number');
    }
    this.#json = json;
    this.#legacy = (version ?? 0) < 1;
    this.#limits = limits;
    this.#expects = expects;
  }

  /** The marks of a tree of annotations. @throws EventsError naming the path of the first that is wrong */
  values(tree: unknown): Mark {
    this.#tree(tree, this.#root, this.#json);
    return this.#root;
  }

  #tree(tree: unknown, mark: Mark, json: unknown): void {
    if (Array.isArray(tree)) {
      const [type, inner] = tree;
      if (tree.length === 0 || tree.length > 2) throw this.invalid('is annotated with no type');
      if (inner !== undefined) this.#inner(inner, mark, json);
      if (mark.type !== undefined) throw this.invalid('is annotated twice');
      mark.type = this.#type(type);
      if (typeof json === 'string') this.#weigh(mark.type, json);
    } else this.#inner(tree, mark, json);
  }

  #inner(trees: unknown, mark: Mark, json: unknown): void {
    if (!isRecord(trees)) throw this.invalid('is annotated with no type');
    for (const path of Object.keys(trees)) {
      const depth = this.#path.length;
      let [place, value] = [mark, json];
      for (const key of this.split(path)) {
        value = this.#step(value, key);
        this.#path.push(key);
        place.inner ??= new Map();
        const next = place.inner.get(key) ?? {};
        place.inner.set(key, next);
        place = next;
      }
      if (this.#path.length > this.#limits.maxDepth) throw this.invalid('is nested too deeply');
      this.#tree(trees[path], place, value);
      this.#path.length = depth;
    }
  }

  #type(type: unknown): TypeName {
    const [kind, name, ...rest] = Array.isArray(type) ? type : [type];
    const named = Array.isArray(type);
    if (!(named ? NAMED : SIMPLE).has(kind) || (named && typeof name !== 'string') || rest.length > 0) {
      throw this.invalid('is annotated with an unknown type');
    }
    const { kinds, code } = this.#expects(this.#path);
    if (!kinds.has(kind as Kind)) {
      throw invalid(code, this.#path, `cannot be a ${kind} by the schema of this input`);
    }
    const unreadable = unreadableIn(this.#path);
    if (unreadable !== undefined) {
      throw invalid(code, this.#path, `has ${unreadable}`);
    }
    return named ? [kind as Kind, name as string] : (kind as Kind);
  }

  /** Bounds the types whose making costs more than reading their text. */
  #weigh(type: TypeName, { length }: string): void {
    const { maxUrlChars, maxPatternChars } = this.#limits;
    if (type === 'URL' && length > maxUrlChars)
      throw this.invalid(`is a URL of more than ${maxUrlChars} characters: send it as text`);
    if (type !== 'regexp') return;
    this.#patternChars += length;
    if (this.#patternChars > maxPatternChars)
      throw this.invalid(
        `is a regexp beyond the ${maxPatternChars} characters for all of an input: send it as text`,
      );
  }

  /** The value at a path. @throws EventsError where the path does not exist */
  at(keys: readonly string[]): unknown {
    let value = this.#json;
    for (const key of keys) value = this.#step(value, key);
    return value;
  }

  /** Reads the value at a key. @throws where the path does not exist */
  #step(value: unknown, key: string): unknown {
    if (Array.isArray(value)) {
      if (INDEX.test(key) && Number(key) < value.length) return value[Number(key)];
    } else if (typeof value === 'object' && value !== null && Object.hasOwn(value, key)) {
      return Reflect.get(value, key);
    }
    throw invalid(this.#expects(this.#path).code, [...this.#path, key], 'is annotated, but does not exist');
  }

  /** The keys of a path; each path counts. @throws EventsError where it is none, or there are too many */
  split(path: string): string[] {
    if (++this.#count > this.#limits.maxAnnotations) {
      throw this.invalid(`has more than ${this.#limits.maxAnnotations} annotations`, []);
    }
    const keys = splitPath(path, this.#legacy);
    if (!keys) throw this.invalid('is annotated with an invalid path');
    return keys;
  }

  /** The error for what is wrong at a path, by default that of the annotation which is read. */
  invalid(message: string, path: readonly string[] = this.#path): EventsError {
    return invalid(this.#expects(path).code, path, message);
  }
}

/** The error for an input that is not what its annotations say. */
export function invalid(code: ErrorCode, path: readonly (string | number)[], message: string): EventsError {
  const where = path.slice(0, 64);
  return new EventsError(code, `Invalid input: ${where.length > 0 ? `${where.join('.')}: ` : ''}${message}`, {
    issues: [{ path: where, message }],
  });
}

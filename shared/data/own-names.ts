import * as z from 'zod';
import { MAX_DATA_DEPTH } from '../wire/limits.ts';
import { isRecord } from '../wire/shapes.ts';
import { partsOf } from './schema-facts.ts';
import { invalidAt, MAX_NODES, mapTree } from './tree.ts';

const PROTO = '__proto__';

/** Data in which no field has a name that zod takes for something else, and the way back. */
export interface Renamed {
  readonly data: unknown;
  /** Gives zod's output the names that the data had. */
  back(parsed: unknown): unknown;
  /** A message, or part of a path, with the name it is about. */
  told<T>(text: T): T;
}

/**
 * Names that every object has are names of fields like others. zod leaves fields named `__proto__` out and says success,
 * and finds inherited `constructor` and `toString` where a schema has such fields and data does not.
 */
export class OwnNames {
  readonly #schema: z.ZodType;
  #traits: Traits | undefined;

  constructor(schema: z.ZodType) {
    this.#schema = schema;
  }

  /** @throws EventsError INVALID_EVENT where a field named `__proto__` cannot be kept, with its path */
  rename(data: unknown): Renamed {
    this.#traits ??= traitsOf(this.#schema);
    const { inherited, keyChangers } = this.#traits;
    const bare = inherited ? mapTree(data, { leaf: same, prototype: null }) : data;
    if (keyChangers.length > 0) refuseChanged(data, keyChangers);
    return look(data) < 0 ? standIn(bare, this.#traits) : { data: bare, back: same, told: same };
  }
}

/** The properties of a schema that decide how its data may be renamed. */
interface Traits {
  /** Names of fields that the schema has. */
  readonly declared: ReadonlySet<string>;
  /** True if some of them are names that every object has. */
  readonly inherited: boolean;
  /** Schemas that the names of a record's fields must meet. */
  readonly keys: readonly z.core.$ZodType[];
  /** Schemas that make other names of them. */
  readonly keyChangers: readonly z.core.$ZodType[];
  /** True if code of the application sees objects as a whole. */
  readonly sees: boolean;
}

function traitsOf(schema: z.ZodType): Traits {
  const parts = [...partsOf(schema)];
  const declared = new Set<string>();
  const keys: z.core.$ZodType[] = [];
  for (const { _zod } of parts) {
    if (_zod.def.type === 'object') for (const name of Object.keys(_zod.def.shape)) declared.add(name);
    if (_zod.def.type === 'record') keys.push(_zod.def.keyType);
  }
  return {
    declared,
    inherited: [...declared].some((name) => name in Object.prototype),
    keys,
    keyChangers: keys.filter((key) =>
      [...partsOf(key)].some((part) => part._zod.def.type === 'pipe' || hasCheck(part, 'overwrite')),
    ),
    sees: parts.some(seesFields),
  };
}

const HOLDERS = new Set(['object', 'record', 'any', 'unknown', 'custom', 'transform']);

/** Tells if a part of a schema hands objects to code of the application. */
function seesFields(part: z.core.$ZodTypes): boolean {
  const { def } = part._zod;
  const isCode =
    def.type === 'custom' || def.type === 'catch' || hasCheck(part, 'custom') || hasCheck(part, 'overwrite');
  const seen = def.type === 'pipe' ? def.in : isCode ? part : undefined;
  return seen !== undefined && [...partsOf(seen)].some(({ _zod }) => HOLDERS.has(_zod.def.type));
}

function hasCheck(part: z.core.$ZodTypes, kind: string): boolean {
  return part._zod.def.checks?.some(({ _zod }) => _zod.def.check === kind) ?? false;
}

/** Gives the fields another name of the same length and the same kinds of characters while zod looks at them. */
function standIn(data: unknown, { declared, keys, sees }: Traits): Renamed {
  const taken = new Set(declared);
  let path: (string | number)[] = [];
  mapTree(data, {
    leaf: same,
    name: (name, at) => {
      taken.add(name);
      if (name === PROTO) path = [...at, name];
      return name;
    },
  });
  const other = freeName(taken);
  const alike = (key: z.core.$ZodType): boolean => {
    const [its, others] = [z.safeParse(key, PROTO), z.safeParse(key, other)];
    return its.success ? others.success && its.data === PROTO && others.data === other : !others.success;
  };
  if (sees || declared.has(PROTO) || !keys.every(alike)) {
    throw invalidAt(
      path,
      'is a name that this schema cannot take: it has that field, or code that sees names',
    );
  }
  const swap = (from: string, to: string) => (value: unknown) =>
    mapTree(value, { leaf: same, name: (name) => (name === from ? to : name) });
  return {
    data: swap(PROTO, other)(data),
    back: swap(other, PROTO),
    told: (text) => (typeof text === 'string' ? (text.replaceAll(other, PROTO) as typeof text) : text),
  };
}

function freeName(taken: ReadonlySet<string>): string {
  for (let n = 0; ; n++) {
    const letters = Array.from({ length: 5 }, (_, at) =>
      String.fromCharCode(97 + (Math.floor(n / 26 ** at) % 26)),
    );
    const name = `__${letters.join('')}__`;
    if (!taken.has(name)) return name;
  }
}

/**
 * Looks for what asks for a walk by names: a field named `__proto__`, or data that is larger or nested deeper than a walk
 * allows, which that refuses. Nothing else may have looked at it before, and parts that hold themselves are met without end.
 * @returns the number of `parts` that are left to look at; below 0: data must be walked
 */
function look(value: unknown, parts = MAX_NODES, depth = 0): number {
  if (typeof value !== 'object' || value === null) return parts;
  const isPlain = Array.isArray(value) || isRecord(value);
  const inside = isPlain
    ? Object.values(value)
    : value instanceof Map
      ? [...value].flat()
      : value instanceof Set
        ? value
        : [];
  let left = Object.hasOwn(value, PROTO) ? -1 : parts;
  for (const item of inside)
    left = left < 0 || depth >= MAX_DATA_DEPTH ? -1 : look(item, left - 1, depth + 1);
  return left;
}

/** Refuses names that a schema would make `__proto__` of. */
function refuseChanged(data: unknown, keyChangers: readonly z.core.$ZodType[]): void {
  mapTree(data, {
    leaf: same,
    name: (name, path) => {
      if (name !== PROTO && keyChangers.some((key) => z.safeParse(key, name).data === PROTO))
        throw invalidAt([...path, name], `would become ${PROTO}, which the schema cannot take`);
      return name;
    },
  });
}

function same<T>(value: T): T {
  return value;
}

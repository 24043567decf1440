import type * as z from 'zod';
import { refusedBy } from './errors.ts';

/**
 * A version of an event's data after the first: its schema, how data of the version before becomes data of it, and,
 * where publishers shall be held at an older version (`publishAs`), how the way back is.
 */
export type VersionStep<From extends z.ZodType, To extends z.ZodType> = readonly [
  schema: To,
  upcast: (data: z.output<From>) => z.input<To>,
  downcast?: (data: z.output<To>) => z.input<From>,
];

type AnyStep = readonly [
  schema: z.ZodType,
  upcast: (data: never) => unknown,
  downcast?: (data: never) => unknown,
];

/**
 * An event's data in all versions that a log may hold, made by {@link versions}. `S` is the schema of the newest: all
 * publishers and subscribers are typed by it.
 */
export class VersionedSchema<S extends z.ZodType = z.ZodType> {
  /** The schema of the newest version. */
  readonly newest: S;
  readonly #first: z.ZodType;
  readonly #steps: readonly AnyStep[];

  private constructor(first: z.ZodType, steps: readonly AnyStep[], newest: S) {
    this.newest = newest;
    this.#first = first;
    this.#steps = steps;
  }

  /**
   * The history of a first version and steps, or of an earlier history, or the newest schema of one, and further steps.
   * @throws TypeError where there is no step, or a step is not one
   */
  static of(first: z.ZodType | VersionedSchema, steps: readonly AnyStep[]): VersionedSchema {
    const earlier = first instanceof VersionedSchema ? first : HISTORIES.get(first);
    if (!earlier && !isZod4(first)) throw new TypeError('versions: version 1 must be a schema of zod 4');
    for (const [index, step] of steps.entries()) {
      if (!isStep(step))
        throw new TypeError(
          `versions: version ${(earlier?.version ?? 1) + index + 1} must be [schema of zod 4, function from the version before]`,
        );
    }
    const last = steps.at(-1);
    if (!last) throw new TypeError('versions: name a step to a second version, or pass the schema alone');
    // A schema of its own: the same one may also be that of an event without a history.
    const newest = last[0].clone();
    const history = earlier
      ? new VersionedSchema(earlier.#first, [...earlier.#steps, ...steps], newest)
      : new VersionedSchema(first as z.ZodType, steps, newest);
    HISTORIES.set(newest, history);
    return history;
  }

  /** The newest version's number; the first one's is 1. */
  get version(): number {
    return this.#steps.length + 1;
  }

  /** A version's schema; undefined for a version that there is not. */
  schemaOf(version: number): z.ZodType | undefined {
    if (version === this.version) return this.newest;
    return version === 1 ? this.#first : this.#steps[version - 2]?.[0];
  }

  /**
   * Data of an older version as input of the newest.
   * @param data the output of that version's schema
   * @throws EventsError INVALID_EVENT where a version between refuses it; and what a step throws
   */
  upcast(data: unknown, version: number): unknown {
    return this.#steps.slice(version - 1).reduce((value, [schema, upcast], index, { length }) => {
      const raised = called(upcast, value, version + index + 1);
      // The newest version is checked by the catalog, as every event is.
      return index === length - 1 ? raised : parsed(schema, raised, version + index + 1);
    }, data);
  }

  /** Tells if data of the newest version can be made into data of an older one. */
  canDowncast(version: number): boolean {
    return this.#steps.slice(version - 1).every(([, , downcast]) => downcast !== undefined);
  }

  /**
   * Data of the newest version as data of an older one.
   * @param data the output of the newest version's schema
   * @throws EventsError INVALID_EVENT where a version on the way refuses it; and what a step throws
   */
  downcast(data: unknown, version: number): unknown {
    let value = data;
    for (let at = this.version - 1; at >= version; at--) {
      const [, , downcast] = this.#steps[at - 1] ?? [];
      const schema = this.schemaOf(at);
      if (downcast && schema) value = parsed(schema, called(downcast, value, at), at);
    }
    return value;
  }
}

/** The histories of schemas that are the newest of one: so `{ ...catalog.schemas }`, and a step from one of them, keep them. */
const HISTORIES = new WeakMap<z.ZodType, VersionedSchema>();

/** The history of an event's schema, if it has one. */
export function historyOf(schema: z.ZodType): VersionedSchema | undefined {
  return HISTORIES.get(schema);
}

/** Types say so too; but an application may have another zod than this package, and its compiler another opinion. */
export function isZod4(schema: unknown): schema is z.ZodType {
  return typeof schema === 'object' && schema !== null && '_zod' in schema;
}

function isStep(step: unknown): boolean {
  const [schema, upcast, downcast = upcast]: unknown[] = Array.isArray(step) ? step : [];
  return isZod4(schema) && [upcast, downcast].every((way) => typeof way === 'function');
}

/** The result of a step. @throws TypeError where it is a promise, whose failure nobody would take */
function called(step: (data: never) => unknown, data: unknown, to: number): unknown {
  const result: unknown = Reflect.apply(step, undefined, [data]);
  if (!(result instanceof Promise)) return result;
  result.catch(() => {});
  throw new TypeError(`versions: the step to version ${to} returns a promise`);
}

function parsed(schema: z.ZodType, data: unknown, version: number): unknown {
  const result = schema.safeParse(data);
  if (result.success) return result.data;
  throw refusedBy(result.error, 'INVALID_EVENT', { path: ['data'], says: `Invalid in version ${version}: ` });
}

/**
 * An event whose data has changed: its first schema, then each later version with the way to it from the one before.
 * Logs keep what was published; whoever reads an older record gets it as the newest version.
 *
 * A history only grows: a version that was ever published is never changed or taken out. Of more than six versions, begin
 * with the first six: `versions(versions(…), step, step)`. A schema of a catalog has its history: `versions(catalog.schemas.note, step)`.
 *
 * @example
 * defineEvents({
 *   agent_message: versions(
 *     z.object({ message: z.string() }),
 *     [z.object({ text: z.string() }), ({ message }) => ({ text: message })],
 *   ),
 * });
 */
export function versions<A extends z.ZodType, B extends z.ZodType>(
  first: A | VersionedSchema<A>,
  second: VersionStep<A, B>,
): VersionedSchema<B>;
export function versions<A extends z.ZodType, B extends z.ZodType, C extends z.ZodType>(
  first: A | VersionedSchema<A>,
  second: VersionStep<A, B>,
  third: VersionStep<B, C>,
): VersionedSchema<C>;
export function versions<A extends z.ZodType, B extends z.ZodType, C extends z.ZodType, D extends z.ZodType>(
  first: A | VersionedSchema<A>,
  second: VersionStep<A, B>,
  third: VersionStep<B, C>,
  fourth: VersionStep<C, D>,
): VersionedSchema<D>;
export function versions<
  A extends z.ZodType,
  B extends z.ZodType,
  C extends z.ZodType,
  D extends z.ZodType,
  E extends z.ZodType,
>(
  first: A | VersionedSchema<A>,
  second: VersionStep<A, B>,
  third: VersionStep<B, C>,
  fourth: VersionStep<C, D>,
  fifth: VersionStep<D, E>,
): VersionedSchema<E>;
export function versions<
  A extends z.ZodType,
  B extends z.ZodType,
  C extends z.ZodType,
  D extends z.ZodType,
  E extends z.ZodType,
  F extends z.ZodType,
>(
  first: A | VersionedSchema<A>,
  second: VersionStep<A, B>,
  third: VersionStep<B, C>,
  fourth: VersionStep<C, D>,
  fifth: VersionStep<D, E>,
  sixth: VersionStep<E, F>,
): VersionedSchema<F>;
export function versions(first: z.ZodType | VersionedSchema, ...steps: readonly AnyStep[]): VersionedSchema {
  return VersionedSchema.of(first, steps);
}

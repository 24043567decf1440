import * as z from 'zod';
import { EventSchema } from './event-schema.ts';
import { partsOf } from './schema-facts.ts';

/** A schema that judges data which another one yielded. */
export interface OutputSide {
  readonly schema: z.ZodType;
  /**
   * False where a transform's own code makes a part of the data, and no schema follows it: that part passes whatever it
   * is, and only the fingerprint of the schema that made it can tell if it is still right.
   */
  readonly isWhole: boolean;
}

const known = new WeakMap<z.ZodType, OutputSide>();

/**
 * The output side of a schema: of a pipe or codec what comes out, of a coercing type the type itself. Data that the
 * schema yielded is valid by it, and is not transformed a second time.
 */
export function outputSideOf(schema: z.ZodType): OutputSide {
  let side = known.get(schema);
  if (side === undefined) {
    side = build(schema);
    known.set(schema, side);
  }
  return side;
}

/**
 * Validates data that a schema has yielded, and that was cleaned before.
 * @param name names the event in errors
 * @param parse validates what the schema takes: it serves where the schema yields data as it takes it. Default: none does
 */
export function yieldedBy(
  name: string,
  schema: z.ZodType,
  parse?: (data: unknown) => unknown,
): (data: unknown) => unknown {
  const { schema: side } = outputSideOf(schema);
  if (parse && side === schema) return parse;
  const output = new EventSchema(name, side, false);
  return (data) => output.parse(data);
}

function build(schema: z.ZodType): OutputSide {
  if (![...partsOf(schema)].some(changesData)) return { schema, isWhole: true };
  const builder = new Builder();
  const built = builder.of(schema as z.core.$ZodType as z.core.$ZodTypes);
  return { schema: built as z.ZodType, isWhole: builder.isWhole };
}

/** Tells if what a part yields may differ from what it takes. */
function changesData({ _zod: { def } }: z.core.$ZodTypes): boolean {
  return def.type === 'pipe' || def.type === 'transform' || coerces(def);
}

function coerces(def: object): boolean {
  return 'coerce' in def && def.coerce === true;
}

class Builder {
  /** False once a part was left open. */
  isWhole = true;
  /** Parts that are built, or are being built: a schema may hold itself. */
  readonly #built = new Map<z.core.$ZodType, z.core.$ZodType>();

  of(schema: z.core.$ZodType): z.core.$ZodType {
    const found = this.#built.get(schema);
    if (found) return found;
    let made: z.core.$ZodType = schema;
    this.#built.set(
      schema,
      z.lazy(() => made as z.ZodType),
    );
    made = this.#make(schema as z.core.$ZodTypes);
    this.#built.set(schema, made);
    return made;
  }

  #make(part: z.core.$ZodTypes): z.core.$ZodType {
    const { def } = part._zod;
    switch (def.type) {
      case 'pipe':
        return withChecks(this.of(def.out), def.checks);
      case 'transform':
        return this.#open(def.checks);
      case 'success':
        return z.boolean();
      case 'object': {
        const shape = Object.fromEntries(
          Object.entries(def.shape).map(([name, field]) => [name, this.of(field)]),
        );
        return remade(part, { shape, ...(def.catchall && { catchall: this.of(def.catchall) }) });
      }
      case 'array':
        return remade(part, { element: this.of(def.element) });
      case 'tuple':
        return remade(part, {
          items: def.items.map((item) => this.of(item)),
          rest: def.rest ? this.of(def.rest) : null,
        });
      case 'record':
      case 'map':
        return remade(part, { keyType: this.of(def.keyType), valueType: this.of(def.valueType) });
      case 'set':
        return remade(part, { valueType: this.of(def.valueType) });
      case 'union':
        // Plain, without a discriminator: what told the options apart may be what a transform made.
        return withChecks(z.union(def.options.map((option) => this.of(option) as z.ZodType)), def.checks);
      case 'intersection':
        return remade(part, { left: this.of(def.left), right: this.of(def.right) });
      case 'lazy':
        return this.of((part as z.core.$ZodLazy)._zod.innerType);
      case 'prefault':
        // Stands in for what a publisher leaves out, not for what is missing in what was stored.
        return this.of(def.innerType);
      case 'optional':
      case 'nullable':
      case 'nonoptional':
      case 'default':
      case 'catch':
      case 'readonly':
        return remade(part, { innerType: this.of(def.innerType) });
      default:
        if (coerces(def)) return remade(part, { coerce: false });
        return [...partsOf(part)].some(changesData) ? this.#open(def.checks) : part;
    }
  }

  #open(checks: Checks): z.core.$ZodType {
    this.isWhole = false;
    return withChecks(z.any(), checks);
  }
}

type Checks = z.core.$ZodTypeDef['checks'];

/** A schema of the same kind, with other parts. */
function remade(part: z.core.$ZodTypes, parts: object): z.core.$ZodType {
  return z.core.clone(part as z.core.$ZodType, { ...part._zod.def, ...parts } as z.core.$ZodTypeDef);
}

/** A schema with the checks of another after its own: they are made on what that one yields. */
function withChecks(schema: z.core.$ZodType, checks: Checks): z.core.$ZodType {
  if (!checks?.length) return schema;
  const { def } = schema._zod;
  return z.core.clone(schema, { ...def, checks: [...(def.checks ?? []), ...checks] });
}

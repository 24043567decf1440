/** A part of a JSON Schema, as far as filters are made from it. */
interface SchemaPart {
  readonly $ref?: string;
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, SchemaPart>>;
}

/** The server's `/schema.json`. */
export interface SchemaDocument {
  readonly oneOf: readonly { readonly $ref: string }[];
  readonly $defs: Readonly<Record<string, SchemaPart>>;
}

/** A field of the data of events, which a filter can ask for. */
export interface Field {
  /** Names from the data on, with dots between them. */
  readonly path: string;
  /** All values it can have, where the schema lists them. */
  readonly values: readonly string[] | null;
}

/** The events of a server. */
export interface EventSchema {
  readonly names: readonly string[];
  /** The fields of each event's data that hold a single value. */
  readonly fields: ReadonlyMap<string, readonly Field[]>;
}

/** Deeper than this nobody asks. */
const DEEPEST = 4;

export function readSchema({ oneOf, $defs }: SchemaDocument): EventSchema {
  const resolve = ({ $ref, ...part }: SchemaPart): SchemaPart =>
    $ref === undefined ? part : ($defs[$ref.slice('#/$defs/'.length)] ?? {});
  const fieldsOf = (part: SchemaPart, path: readonly string[]): Field[] => {
    const { properties, type, enum: values } = resolve(part);
    if (properties && path.length < DEEPEST) {
      return Object.entries(properties).flatMap(([name, inner]) => fieldsOf(inner, [...path, name]));
    }
    const isSingle = values !== undefined || ['string', 'number', 'integer', 'boolean'].includes(type ?? '');
    return isSingle && path.length > 0
      ? [{ path: path.join('.'), values: values?.map((value) => `${value}`) ?? null }]
      : [];
  };
  const names = oneOf.map(({ $ref }) => $ref.slice('#/$defs/'.length));
  const fields = names.map((name) => [name, fieldsOf($defs[name]?.properties?.['data'] ?? {}, [])] as const);
  return { names, fields: new Map(fields) };
}

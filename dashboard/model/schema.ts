import { fieldsDrawn } from './drawn.ts';

/** A part of a JSON Schema, as far as filters are made from it, and panels chosen by it. */
interface SchemaPart {
  readonly $ref?: string;
  readonly type?: string;
  /** Alternatives: what the panels read, they have in common. */
  readonly oneOf?: readonly SchemaPart[];
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
  /** The names of those that the panels can draw: what they read of them is there. */
  readonly drawn: ReadonlySet<string>;
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
  const typeAt = (whole: SchemaPart, path: readonly string[]): string | undefined => {
    const part = resolve(whole);
    const { type, properties } = part.oneOf?.[0] ? resolve(part.oneOf[0]) : part;
    const [name, ...rest] = path;
    if (name === undefined) return type === 'integer' ? 'number' : type;
    return properties?.[name] && typeAt(properties[name], rest);
  };
  const isDrawn = (name: string): boolean => {
    const needed = fieldsDrawn(name);
    const data = dataOf(name);
    return (
      needed !== null && Object.entries(needed).every(([path, is]) => typeAt(data, path.split('.')) === is)
    );
  };
  const dataOf = (name: string): SchemaPart => $defs[name]?.properties?.['data'] ?? {};
  const names = oneOf.map(({ $ref }) => $ref.slice('#/$defs/'.length));
  const fields = names.map((name) => [name, fieldsOf(dataOf(name), [])] as const);
  return { names, drawn: new Set(names.filter(isDrawn)), fields: new Map(fields) };
}

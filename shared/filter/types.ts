import type { AnyCatalog } from '../catalog.ts';
import type { EventData, EventName } from '../events.ts';
import type { AsSegment, Cut } from './fields.ts';

/** Values that a field can be compared with. */
export type FilterValue = string | number | boolean | bigint | Date | null;

/** A test of one field; all that are given must hold. A bare value means `eq`. */
export interface Condition<V extends FilterValue = FilterValue> {
  eq?: V;
  ne?: V;
  /** Equal to one of at most 100. */
  in?: readonly V[];
  gt?: V;
  gte?: V;
  lt?: V;
  lte?: V;
  /** Strings only. */
  prefix?: Extract<V, string>;
  /** `true`: the field is there and not null; `false`: it is missing or null. */
  exists?: boolean;
}

type Leaf<T> = Extract<T, FilterValue>;
type Inner<T> = Exclude<
  NonNullable<T>,
  FilterValue | readonly unknown[] | ReadonlyMap<unknown, unknown> | ReadonlySet<unknown>
>;
type KeysOf<T> = T extends unknown ? keyof T & string : never;
type PropertyOf<T, K extends string> = T extends unknown ? (K extends keyof T ? T[K] : never) : never;

/** Type of the value at a segment of a path. */
type AtSegment<T, S extends string> = T extends unknown
  ? { [K in keyof T & string]: S extends AsSegment<K> ? T[K] : never }[keyof T & string]
  : never;

/**
 * Paths of the fields of a value that can be compared: `agent_id`, `sentiment.score`, `metadata.<any>`. Four levels deep.
 * A dot in a field's name is written `\\.`, a backslash `\\\\`.
 */
export type FieldPath<T, Depth extends readonly unknown[] = []> = Depth['length'] extends 4
  ? never
  : {
      [K in KeysOf<Inner<T>>]:
        | (Leaf<PropertyOf<Inner<T>, K>> extends never ? never : AsSegment<K>)
        | `${AsSegment<K>}.${FieldPath<PropertyOf<Inner<T>, K>, [...Depth, 0]>}`;
    }[KeysOf<Inner<T>>];

/** Type of the value at a path. */
export type FieldValue<T, P extends string> =
  Cut<P> extends [infer S extends string, infer Rest]
    ? Rest extends string
      ? FieldValue<AtSegment<Inner<T>, S>, Rest>
      : Leaf<AtSegment<Inner<T>, S>>
    : never;

/** Literals are compared with any value of their kind. */
type Widen<V> = V extends string ? string : V extends number ? number : V extends boolean ? boolean : V;

/**
 * A filter on data `D`, and on who published it (`by`): conditions on fields, all of which must hold, and `and`, `or`,
 * `not` of filters. A field of the data that is named `by` itself cannot be filtered by.
 */
export type DataFilter<D> = {
  [P in Exclude<FieldPath<D>, 'by'>]?:
    | Extract<FieldValue<D, P>, FilterValue>
    | Condition<Extract<Widen<FieldValue<D, P>>, FilterValue>>;
} & {
  /** Publisher of the event; null where nobody was authenticated. */
  by?: string | null | Condition<string | null>;
  and?: readonly DataFilter<D>[];
  or?: readonly DataFilter<D>[];
  not?: DataFilter<D>;
};

/** A filter on the data of events `N`: on fields of any of them. To an event without it, a field is null. */
export type EventFilter<N extends EventName<C>, C extends AnyCatalog> =
  unknown extends EventData<N, C>
    ? AnyFilter // of a catalog that is not known to the compiler
    : DataFilter<EventData<N, C>>;

/** Any filter, before it is checked against a catalog. */
export type AnyFilter = { readonly [path: string]: unknown };

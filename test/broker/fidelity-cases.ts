import fc from 'fast-check';
import * as z from 'zod';

/** A schema, and values that may be published under it. */
export interface Case {
  readonly schema: z.ZodType;
  readonly values: fc.Arbitrary<unknown>;
}

const NAMES = ['a', 'model.name', 'b\\', '', '0', 'toString', 'toJSON', '\ud800', 'ключ'];
/** Names that superjson does not take in what it annotates; of plain JSON they are names like others. */
const OBJECT_NAMES = ['constructor', 'prototype', '__proto__'];

const TEXTS = fc.oneof(
  fc.string(),
  fc.constantFrom('\ud800', '\udc00x', '\u2028', '2026-01-01T00:00:00.000Z', '-0'),
);
const NUMBERS = fc.oneof(fc.double(), fc.integer(), fc.constantFrom(-0, 2 ** 53, 2 ** 63, 1e300, Number.NaN));
const INSTANTS = fc.oneof(fc.date(), fc.constant(new Date(Number.NaN)));

/** Records of any names, `__proto__` among them: fast-check defines fields, and does not assign them. */
function records(names: readonly string[], values: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc
    .uniqueArray(fc.tuple(fc.constantFrom(...names), values), { selector: ([name]) => name, maxLength: 4 })
    .map((entries) => Object.fromEntries(entries));
}

const leaf = (schema: z.ZodType, values: fc.Arbitrary<unknown>): Case => ({ schema, values });

/** Schemas that promise JSON, and values for them. */
export function plainCases(): fc.Arbitrary<Case> {
  const names = [...NAMES, ...OBJECT_NAMES];
  const json = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      fc.oneof(TEXTS, NUMBERS, fc.boolean(), fc.constant(null)),
      tie('list'),
      tie('record'),
    ),
    list: fc.array(tie('value'), { maxLength: 3 }),
    record: records(names, tie('value')),
  })).value;
  const leaves = fc.constantFrom(
    leaf(z.string(), TEXTS),
    leaf(z.number(), NUMBERS),
    leaf(z.int(), NUMBERS),
    leaf(z.json(), json),
    leaf(z.string().default('none'), fc.option(TEXTS, { nil: undefined })),
    leaf(z.coerce.number(), fc.oneof(NUMBERS, TEXTS)),
    leaf(z.enum(['x', 'y']), fc.constantFrom('x', 'y', 'z')),
  );
  return composed(leaves, names, false);
}

/** Schemas of which some hold more than JSON, and values for them, also such as nothing carries. */
export function richCases(): fc.Arbitrary<Case> {
  const odd = fc.constantFrom<unknown>(
    () => 1,
    Symbol('s'),
    Buffer.from('x'),
    new (class Own {})(),
    new Set([() => 1]),
  );
  const any = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      fc.oneof(TEXTS, NUMBERS, INSTANTS, fc.bigInt(), fc.constantFrom(null, undefined), odd),
      fc.array(tie('value'), { maxLength: 3 }),
      records(NAMES, tie('value')),
      fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 2 }).map((entries) => new Map(entries)),
      fc.array(tie('value'), { maxLength: 2 }).map((items) => new Set(items)),
    ),
  })).value;
  const leaves = fc.constantFrom(
    leaf(z.string(), TEXTS),
    leaf(z.number(), NUMBERS),
    leaf(z.date(), INSTANTS),
    leaf(
      z.custom<Date>((value) => value instanceof Date),
      INSTANTS,
    ),
    leaf(z.bigint(), fc.bigInt()),
    leaf(z.nan(), NUMBERS),
    leaf(z.undefined(), fc.constant(undefined)),
    leaf(z.unknown(), any),
    leaf(
      z.map(z.string(), z.date()),
      fc.array(fc.tuple(TEXTS, INSTANTS), { maxLength: 2 }).map((entries) => new Map(entries)),
    ),
    leaf(
      z.string().transform((text) => [text, undefined]),
      TEXTS,
    ),
  );
  return composed(leaves, NAMES, true);
}

/** Lists, tuples, records and objects of cases. @param isOpen whether there may be what JSON cannot hold: undefined in lists, fields of any kind */
function composed(leaves: fc.Arbitrary<Case>, names: readonly string[], isOpen: boolean): fc.Arbitrary<Case> {
  return fc.letrec<{ case: Case }>((tie) => {
    const inner = tie('case');
    const wrapped = inner.map(({ schema, values }) =>
      leaf(schema.optional(), fc.option(values, { nil: undefined })),
    );
    const part = fc.oneof(inner, wrapped);
    const item = isOpen ? part : inner;
    return {
      case: fc.oneof(
        { maxDepth: 2 },
        leaves,
        item.map(({ schema, values }) => leaf(z.array(schema), fc.array(values, { maxLength: 3 }))),
        fc
          .tuple(item, item)
          .map(([a, b]) => leaf(z.tuple([a.schema, b.schema]), fc.tuple(a.values, b.values))),
        part.map(({ schema, values }) => leaf(z.record(z.string(), schema), records(names, values))),
        fc
          .tuple(part, part)
          .map(([a, b]) =>
            leaf(
              (isOpen ? z.looseObject : z.object)({ a: a.schema, toString: b.schema }).readonly(),
              fc.record({ a: a.values, toString: b.values }, { requiredKeys: [] }),
            ),
          ),
        fc
          .tuple(inner, inner)
          .map(([a, b]) => leaf(z.union([a.schema, b.schema]), fc.oneof(a.values, b.values))),
      ),
    };
  }).case;
}

import { type FieldKind, kindOf } from './fields.ts';
import type { FilterValue } from './types.ts';

/** Operators of conditions on a field. */
export const OPERATORS = ['eq', 'ne', 'in', 'gt', 'gte', 'lt', 'lte', 'prefix', 'exists'] as const;
export type Operator = (typeof OPERATORS)[number];

/** An operator that compares a field with one value. */
export type Comparison = Exclude<Operator, 'exists' | 'in'>;

/** Tells if the value of a field, null where it is missing, meets a condition. */
export type ValueTest = (value: unknown) => boolean;

/** Values that have an order. */
type Ordered = string | number | bigint | Date;

/** Ordered comparisons of two values of one kind: strings by code unit, dates by time. */
const compare: Readonly<Record<'gt' | 'gte' | 'lt' | 'lte', (a: Ordered, b: Ordered) => boolean>> = {
  gt: (a, b) => a > b,
  gte: (a, b) => a >= b,
  lt: (a, b) => a < b,
  lte: (a, b) => a <= b,
};

export function isOperator(name: string): name is Operator {
  return (OPERATORS as readonly string[]).includes(name);
}

/** Tests if a field's value is one of some values: dates by time, NaN is NaN, and −0 is 0. */
export function isOneOf(operands: readonly FilterValue[]): ValueTest {
  const times = new Set(operands.flatMap((operand) => (operand instanceof Date ? [operand.getTime()] : [])));
  const values = new Set<unknown>(operands);
  return (value) => (value instanceof Date ? times.has(value.getTime()) : values.has(value));
}

export function compares(operator: Comparison, operand: FilterValue): ValueTest {
  if (operator === 'eq') return isOneOf([operand]);
  if (operator === 'ne') {
    const isEqual = isOneOf([operand]);
    return (value) => !isEqual(value);
  }
  if (operator === 'prefix') return (value) => typeof value === 'string' && value.startsWith(String(operand));
  const holds = compare[operator];
  return (value) => areOrdered(value, operand) && areOrdered(operand, value) && holds(value, operand);
}

/** Tells if two values are of one kind that has an order. */
function areOrdered(a: unknown, b: unknown): a is Ordered {
  const kind = kindOf(a);
  return kind !== undefined && kind === kindOf(b) && kind !== 'boolean' && kind !== 'null';
}

/** Characters of a text that fields are compared with. */
export const MAX_TEXT = 1024;
/** Bigints that fields are compared with are smaller than this. */
const MAX_BIGINT = 2n ** 1024n;

/** Names the fault of comparing a field of some kinds with a value; null if there is none. */
export function faultOf(
  operator: Comparison,
  operand: unknown,
  kinds: ReadonlySet<FieldKind>,
): string | null {
  const kind = kindOf(operand);
  const isOrdered = operator !== 'eq' && operator !== 'ne';
  const fits = kind !== undefined && (kinds.has(kind) || kinds.has('any') || (kind === 'null' && !isOrdered));
  if (
    !fits ||
    (operator === 'prefix' && kind !== 'string') ||
    (isOrdered && (kind === 'boolean' || kind === 'null'))
  ) {
    return `cannot be compared with ${kind ?? typeof operand}: the field is ${[...kinds].join(' or ')}`;
  }
  if (typeof operand === 'string' && operand.length > MAX_TEXT)
    return `must be at most ${MAX_TEXT} characters long`;
  if (typeof operand === 'bigint' && (operand >= MAX_BIGINT || operand <= -MAX_BIGINT))
    return 'must be smaller than 2 to the power of 1024';
  if (operand instanceof Date && Number.isNaN(operand.getTime())) return 'must be a valid date';
  return null;
}

/** A value as text: equal for equal values of one kind, different for all others. */
export function nameOf(value: FilterValue): string {
  if (value instanceof Date) return `date ${value.getTime()}`;
  return `${typeof value} ${value}`;
}

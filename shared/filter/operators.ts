import { kindOf } from './field-kinds.ts';
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

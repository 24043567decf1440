import { kindOf } from './field-kinds.ts';

/** What a condition can say about a field. */
export const OPERATORS = ['eq', 'ne', 'in', 'gt', 'gte', 'lt', 'lte', 'prefix', 'exists'] as const;
export type Operator = (typeof OPERATORS)[number];

/** What has an order. */
export type Ordered = string | number | bigint | Date;

/** Ordered comparisons of two values of one kind: strings by code unit, dates by time. */
export const compare: Readonly<Record<'gt' | 'gte' | 'lt' | 'lte', (a: Ordered, b: Ordered) => boolean>> = {
  gt: (a, b) => a > b,
  gte: (a, b) => a >= b,
  lt: (a, b) => a < b,
  lte: (a, b) => a <= b,
};

/** Equality of two values, dates by time. */
export function equals(a: unknown, b: unknown): boolean {
  return a instanceof Date && b instanceof Date ? a.getTime() === b.getTime() : a === b;
}

/** Whether two values are of one kind that has an order. */
export function areOrdered(a: unknown, b: unknown): a is Ordered {
  const kind = kindOf(a);
  return kind !== undefined && kind === kindOf(b) && kind !== 'boolean' && kind !== 'null';
}

import { type FieldKind, kindOf } from './field-kinds.ts';
import type { Comparison } from './operators.ts';
import type { FilterValue } from './types.ts';

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

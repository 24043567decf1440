import * as z from 'zod';
import type { AnyFilter } from './types.ts';

/**
 * A filter from outside; its fields are checked against the catalog when it is compiled. It is no `z.record`: that would
 * leave out a condition on a field named `__proto__`, and so widen what is seen.
 */
export const filterSchema = z.custom<AnyFilter>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  'must be an object of conditions',
);

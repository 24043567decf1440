import { isRecord } from './tree.ts';

/**
 * Freezes lists and plain objects all the way down: who changes one gets a TypeError (in strict mode, as all modules
 * are). Returns whether that is all there is; a Date, Map, Set or object of a class cannot be frozen.
 */
export function freezeDeep(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (!Array.isArray(value) && !isRecord(value)) return false;
  let whole = true;
  for (const part of Object.values(value)) whole = freezeDeep(part) && whole;
  Object.freeze(value);
  return whole;
}
